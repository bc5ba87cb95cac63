import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')

test('docs/errors.md describes every code and no other', () => {
  const union =
    /export type ImageErrorCode =([^\n]*\n(?: {2}\| '[A-Z_]+'\n)+)/.exec(read('../src/errors.ts'))?.[1] ?? ''
  const codes = [...union.matchAll(/'([A-Z_]+)'/g)].map((match) => match[1])
  const page = read('../../../docs/errors.md')
  const described = [...page.matchAll(/^\| `([A-Z_]+)` +\|/gm)].map((match) => match[1])
  expect(codes.length).toBeGreaterThan(10)
  expect(described).toEqual(codes)
})
