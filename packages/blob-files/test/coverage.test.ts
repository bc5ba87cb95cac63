import { array, assert, nat, property, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCoverage, type Span } from '../src/coverage.ts'

const SIZE = 40
const spanOf = tuple(nat(SIZE), nat(SIZE)).map(([a, b]): Span => ({ from: Math.min(a, b), to: Math.max(a, b) }))

function filled(spans: readonly Span[]): boolean[] {
  return Array.from({ length: SIZE }, (_, at) => spans.some(({ from, to }) => from <= at && at < to))
}

describe('coverage', () => {
  it('has gaps exactly where no span is', () => {
    assert(
      property(array(spanOf, { maxLength: 8 }), (spans) => {
        const gaps = createCoverage(spans).gaps(SIZE)
        expect(filled(gaps)).toEqual(filled(spans).map((there) => !there))
        expect(gaps.every(({ from, to }) => from < to)).toBe(true)
        expect(gaps.toSorted((one, other) => one.from - other.from)).toEqual(gaps)
      }),
    )
  })

  it('reaches as far as there is no gap', () => {
    assert(
      property(array(spanOf, { maxLength: 8 }), nat(SIZE - 1), (spans, position) => {
        const end = filled(spans).indexOf(false, position)
        expect(createCoverage(spans).reach(position)).toBe(end < 0 ? SIZE : end)
      }),
    )
  })

  it('tells of what grows', async () => {
    const coverage = createCoverage([{ from: 0, to: 10 }])
    const behind = coverage.begin(20)
    const changed = coverage.changed()
    behind.grow(30)
    await changed
    expect(coverage.gaps(40)).toEqual([
      { from: 10, to: 20 },
      { from: 30, to: 40 },
    ])
    coverage.begin(10).grow(20)
    expect(coverage.reach(0)).toBe(30)
    expect(coverage.spans).toHaveLength(3)
  })
})
