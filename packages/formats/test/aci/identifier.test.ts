import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aciIdentifierProblem, checkAciName, toAciIdentifier, toAciName } from '../../src/index.ts'

interface Row {
  readonly in: string
  readonly acIdentifier: string
  readonly acName: string
  readonly sanitizedIdentifier: string
  readonly sanitizedName: string
}

const rows: readonly Row[] = JSON.parse(
  readFileSync(new URL('../fixtures/appc/identifiers.json', import.meta.url), 'utf8'),
)

/** appc takes them, and they lead elsewhere as paths. */
const REFUSED_HERE = new Set(['a//b', 'a/./b', 'a/../b'])

/** What follows from refusing such components. */
const NEAREST_HERE = new Map([
  ['a//b', 'a/b'],
  ['a/./b', 'a/b'],
  ['a/../b', 'a/b'],
])

function verdictOf(check: () => string): string {
  try {
    return check()
  } catch {
    return 'error'
  }
}

describe.each(rows)('"$in"', (row) => {
  it('is an identifier or not', () => {
    const isOne = row.acIdentifier === 'ok' && !REFUSED_HERE.has(row.in)
    expect(aciIdentifierProblem(row.in) === undefined).toBe(isOne)
  })

  it('is a name or not', () => {
    expect(verdictOf(() => checkAciName(row.in, 'it'))).toBe(row.acName === 'ok' ? row.in : 'error')
  })

  it('has a nearest identifier and name', () => {
    expect(verdictOf(() => toAciIdentifier(row.in))).toBe(NEAREST_HERE.get(row.in) ?? row.sanitizedIdentifier)
    expect(verdictOf(() => toAciName(row.in))).toBe(row.sanitizedName)
  })
})

describe('the nearest of any text', () => {
  it('is one, and its own nearest', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-zA-Z0-9._~/: @-]{1,40}$/), (text) => {
        fc.pre(/[a-zA-Z0-9]/.test(text))
        const identifier = toAciIdentifier(text)
        expect(aciIdentifierProblem(identifier)).toBeUndefined()
        expect(toAciIdentifier(identifier)).toBe(identifier)
        expect(checkAciName(toAciName(text), 'it')).toBe(toAciName(toAciName(text)))
      }),
    )
  })
})
