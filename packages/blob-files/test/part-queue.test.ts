import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Span } from '../src/coverage.ts'
import { createPartQueue } from '../src/part-queue.ts'

const MIB = 1024 * 1024

it('deals out each byte of the gaps once, from the front to the back', () => {
  const takes = fc.array(fc.constantFrom('gap', 'trial', 'part'), { minLength: 1 })
  const lengths = fc.array(fc.tuple(fc.integer({ min: 1, max: 9 * MIB }), fc.integer({ min: 1, max: 200 * MIB })))
  fc.assert(
    fc.property(takes, lengths, (kinds, pairs) => {
      const gaps = gapsOf(pairs)
      const queue = createPartQueue(gaps)
      const parts: Span[] = []
      for (let at = 0; !queue.isEmpty; at += 1) {
        const kind = kinds[at % kinds.length]
        const part = kind === 'gap' ? queue.takeGap() : queue.takePart(kind === 'part')
        if (part !== undefined) parts.push(part)
      }
      expect(joined(parts)).toStrictEqual(gaps)
      expect([queue.takeGap(), queue.takePart(true)]).toStrictEqual([undefined, undefined])
    }),
    { numRuns: 50 },
  )
})

it('makes the parts smaller towards the end', () => {
  const queue = createPartQueue([{ from: 0, to: 2048 * MIB }])
  const sizes = [queue.takePart(false)]
  while (!queue.isEmpty) sizes.push(queue.takePart(true))
  const bytes = sizes.map((part) => (part === undefined ? 0 : part.to - part.from))
  expect(bytes.slice(0, 2)).toStrictEqual([8 * MIB, 64 * MIB])
  expect(bytes.slice(1)).toStrictEqual(bytes.slice(1).toSorted((a, b) => b - a))
  expect(bytes.at(-2)).toBe(4 * MIB)
})

/** Of pairs of what is there and what is not. */
function gapsOf(pairs: readonly (readonly [number, number])[]): Span[] {
  let position = 0
  return pairs.map(([kept, missing]) => {
    const from = position + kept
    position = from + missing
    return { from, to: position }
  })
}

function joined(parts: readonly Span[]): Span[] {
  const spans: Span[] = []
  for (const part of parts) {
    const last = spans.at(-1)
    if (last?.to === part.from) spans[spans.length - 1] = { from: last.from, to: part.to }
    else spans.push(part)
  }
  return spans
}
