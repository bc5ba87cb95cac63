import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ImageError } from '@crossdock/core'
import { assert, property, string, stringMatching } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchFilters, memberOf } from '../../src/filters/match-filters.ts'
import { parseFilter } from '../../src/filters/parse-filter.ts'

interface Item {
  readonly name?: string
  readonly other?: string
  readonly digest?: string
  readonly mediatype?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

const table = (name: string): unknown =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/containerd', `${name}.json`), 'utf8'))

const vectors = table('filters-vectors') as {
  readonly corpus: readonly Item[]
  readonly rows: readonly {
    readonly expr: string
    readonly error?: string
    readonly matches: readonly number[] | null
  }[]
}
const upstream = table('filters-upstream-rows') as {
  readonly corpus: readonly Item[]
  readonly match: readonly (readonly [string, readonly number[]])[]
  readonly errors: readonly (readonly [string, string])[]
}

function fieldOf(item: Item, [first = '', ...rest]: readonly string[]): string | undefined {
  if (first === 'labels') return rest.length === 0 ? undefined : memberOf(item.labels, rest)
  if (first === 'annotations') return memberOf(item.annotations, rest)
  if (first === 'target')
    return rest[0] === 'digest' ? item.digest : rest[0] === 'mediatype' ? item.mediatype : undefined
  if (rest.length > 0) return undefined
  return first === 'name' ? item.name : first === 'other' ? item.other : undefined
}

function matching(corpus: readonly Item[], filter: string): readonly number[] {
  const matches = matchFilters([filter], fieldOf)
  return corpus.flatMap((item, index) => (matches(item) ? [index] : []))
}

function outcomeOf(filter: string): string {
  try {
    parseFilter(filter)
    return 'read'
  } catch (error) {
    return error instanceof ImageError ? error.code : String(error)
  }
}

/** Patterns that are none are errors here. */
const isBadPattern = (filter: string): boolean => /~=.*(?:\[$|\($|\*\*|\)$)/.test(filter)

describe('matchFilters', () => {
  const [wrong, right] = [true, false].map((isWrong) =>
    vectors.rows.filter(({ expr, error }) => (error !== undefined || isBadPattern(expr)) === isWrong),
  )

  it.each(right ?? [])('as containerd: $expr', ({ expr, matches }) => {
    expect(matching(vectors.corpus, expr)).toEqual(matches)
  })

  it.each(wrong ?? [])('refuses what containerd refuses: $expr', ({ expr }) => {
    expect(() => matching(vectors.corpus, expr)).toThrow(expect.objectContaining({ code: 'INVALID_DATA' }))
  })

  it.each(upstream.match)('matches %s', (filter, expected) => {
    expect(matching(upstream.corpus, filter)).toEqual(expected)
  })

  it.each(upstream.errors)('refuses %s', (filter) => {
    expect(() => matching(upstream.corpus, filter)).toThrow(expect.objectContaining({ code: 'INVALID_DATA' }))
  })

  it('takes what one of several filters matches, and everything without one', () => {
    const matches = matchFilters(['name==foo', 'other==abc'], fieldOf)
    expect(upstream.corpus.filter(matches)).toHaveLength(3)
    expect(upstream.corpus.filter(matchFilters([], fieldOf))).toHaveLength(upstream.corpus.length)
  })

  it('says where a filter cannot be read', () => {
    expect(() => parseFilter('name==a,labels.b=c')).toThrow('at character 17: = is none of ==, != and ~=')
  })

  it.each(['(?=a)', '(?i:a)b', '((a{99}){99}){99}', '(a)\\1', 'x'.repeat(513), '['])(
    'refuses the pattern %s',
    (pattern) => {
      expect(() => parseFilter(`name~=${JSON.stringify(pattern)}`)).toThrow('the pattern cannot be used')
    },
  )

  it('takes flags at the front of a pattern', () => {
    expect(matching([{ name: 'ABC' }], 'name~="(?i)b"')).toEqual([0])
  })

  it('never matches by what objects inherit', () => {
    expect(matching([{ labels: {} }], 'labels.constructor')).toEqual([])
    expect(matching([{ labels: {} }], 'labels.__proto__')).toEqual([])
  })

  it('finds any value by its quoted text', () => {
    assert(
      property(string({ unit: 'binary' }), (value) => {
        if (!value.isWellFormed() || /[\n\0]/.test(value)) return
        const quoted = `"${value.replaceAll(/["\\]/g, '\\$&')}"`
        expect(matching([{ name: value }, { name: `${value}x` }], `name==${quoted}`)).toEqual([0])
      }),
    )
  })

  it('reads every filter or refuses it, and quickly', () => {
    assert(
      property(stringMatching(/^[a-z.,=!~"/|\\ ]{0,40}$/), (filter) => {
        expect(['read', 'INVALID_DATA']).toContain(outcomeOf(filter))
      }),
    )
  })
})
