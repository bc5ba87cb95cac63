import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { transportCases } from '../src/index.ts'

interface Rule {
  readonly number: number
  readonly text: string
  readonly cases: readonly string[]
}

const document = await readFile(new URL('../../../docs/contract.md', import.meta.url), 'utf8')
const blocks = document.split(/\n(?=- )|\n\n/)
const rules: readonly Rule[] = blocks.flatMap((text) => {
  const number = /^- \*\*C-(\d+)\*\* /.exec(text)?.[1]
  const cases = [...text.matchAll(/— case: `([^`]+)`/g)].map(([, id]) => id ?? '')
  return number === undefined ? [] : [{ number: Number(number), text, cases }]
})
const ids = transportCases.map(({ id }) => id)

describe('docs/contract.md and the cases', () => {
  test('every rule says MUST and names exactly one case', () => {
    const bad = rules.filter(({ text, cases }) => !text.includes('MUST') || cases.length !== 1)
    expect(bad).toEqual([])
    expect(rules.length).toBeGreaterThan(50)
  })

  test('every MUST is in a rule', () => {
    const outside = blocks.filter((text) => text.includes('MUST') && !text.startsWith('- **C-'))
    expect(outside.filter((text) => !text.startsWith('MUST, SHOULD and MAY'))).toEqual([])
  })

  test('numbers are used once and rise', () => {
    const numbers = rules.map(({ number }) => number)
    expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b))
  })

  test('every rule names a case that exists', () => {
    expect(rules.flatMap(({ cases }) => cases).filter((id) => !ids.includes(id))).toEqual([])
  })

  test('every case is named by a rule', () => {
    const named = new Set(rules.flatMap(({ cases }) => cases))
    expect(ids.filter((id) => !named.has(id))).toEqual([])
  })

  test('case ids are used once', () => {
    expect(ids).toEqual([...new Set(ids)])
  })
})
