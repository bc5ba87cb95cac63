import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseContentRange } from '../src/index.ts'

test.each([
  ['bytes 0-0/1', { first: 0, last: 0, total: 1 }],
  ['bytes 5-9/10', { first: 5, last: 9, total: 10 }],
  [' Bytes  5-9/* ', { first: 5, last: 9, total: undefined }],
])('%j is a range', (header, range) => expect(parseContentRange(header)).toEqual(range))

test.each([
  undefined,
  '',
  'bytes */10',
  'bytes 5-4/10',
  'bytes 5-10/10',
  'bytes 5-9/9',
  'bytes -5/10',
  'bytes=5-9/10',
  'items 5-9/10',
  'bytes 5-9/10, 11-12/20',
  'bytes 5-99999999999999999999/*',
  'bytes 0-9007199254740992/*',
])('%j is none', (header) => expect(parseContentRange(header)).toBeUndefined())

test('every sane range is read back', () => {
  const size = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - 2 })
  fc.assert(
    fc.property(size, size, (one, other) => {
      const [first, last] = [Math.min(one, other), Math.max(one, other)]
      expect(parseContentRange(`bytes ${first}-${last}/${last + 1}`)).toEqual({ first, last, total: last + 1 })
    }),
  )
})
