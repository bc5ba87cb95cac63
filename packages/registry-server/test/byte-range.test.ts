import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { findRange, parseChunkRange } from '../src/byte-range.ts'

const etag = '"x"'

test('every range of a blob lies within it and is what was asked for', () => {
  const place = fc.nat(50)
  const last = fc.option(place, { nil: undefined })
  fc.assert(
    fc.property(place, place, last, (size, first, end) => {
      const range = findRange({ range: `bytes=${first}-${end ?? ''}` }, { size, etag })
      const part = { start: first, end: Math.min(end === undefined ? size : end + 1, size) }
      const possible = first >= size ? 'unsatisfiable' : part
      expect(range).toEqual(end !== undefined && end < first ? undefined : possible)
    }),
  )
})

test('any text is a range within the blob or none', () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(100), (text, size) => {
      const range = findRange({ range: `bytes=${text}` }, { size, etag })
      const { start, end } = typeof range === 'object' ? range : { start: 0, end: 1 }
      const isWithin = start >= 0 && start < end && (typeof range !== 'object' || end <= size)
      expect(isWithin).toBe(true)
    }),
  )
})

test.each([
  ['0-0', { start: 0, end: 1 }],
  ['5-9', { start: 5, end: 10 }],
  ['bytes 5-9/*', { start: 5, end: 10 }],
  ['bytes=5-9', { start: 5, end: 10 }],
  ['9-5', undefined],
  ['5-', undefined],
  ['-5', undefined],
  ['x', undefined],
])('chunk range "%s"', (text, expected) => {
  expect(parseChunkRange(text)).toEqual(expected)
})
