import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hasNamePrefix } from '../../src/appc/appc-name.ts'
import { appcNameProblem } from '../../src/index.ts'

interface Identifier {
  readonly in: string
  readonly acIdentifier: string
}

const file = join(import.meta.dirname, '../fixtures/appc/identifiers.json')
const identifiers = JSON.parse(readFileSync(file, 'utf8')) as readonly Identifier[]
/** Names that appc takes, and that mean another place, or none, in a key store. */
const PATHS = ['a//b', 'a/./b', 'a/../b']

describe('appcNameProblem', () => {
  it.each(identifiers)('of "$in": $acIdentifier', ({ in: text, acIdentifier }) => {
    expect(appcNameProblem(text) === undefined).toBe(acIdentifier === 'ok' && !PATHS.includes(text))
  })
})

describe('hasNamePrefix', () => {
  it.each<[string, string, boolean]>([
    ['example.com/app', 'example.com', true],
    ['example.com/app', 'example.com/app', true],
    ['example.com/app', 'example.com/ap', false],
    ['example.com/app', 'example.com/app/x', false],
    ['example.com.evil/app', 'example.com', false],
  ])('%s below %s: %s', (name, prefix, expected) => expect(hasNamePrefix(name, prefix)).toBe(expected))
})
