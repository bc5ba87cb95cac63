import { expect, test } from 'vitest'
import { count, formatAge, formatBytes, formatDuration } from '../../src/output/sizes.ts'

test.each([
  [0, '0 B'],
  [7.491085191867638, '7 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [999_949, '999.9 kB'],
  [999_950, '1.0 MB'],
  [41_234_567, '41.2 MB'],
  [5e9, '5.0 GB'],
  [Number.MAX_SAFE_INTEGER, '9.0 PB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

test.each([
  [0, '0.0 s'],
  [59_900, '59.9 s'],
  [125_000, '2 min 05 s'],
  [3_725_000, '1 h 02 min'],
])('%d ms are %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
})

test.each([
  [-5, '0 s'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [3_599_999, '59 min'],
  [7_200_000, '2 h'],
  [86_400_000 * 400, '400 d'],
])('%d ms ago are %s', (ms, text) => {
  expect(formatAge(ms)).toBe(text)
})

test('nouns follow their number', () => {
  expect([count(0, 'blob'), count(1, 'blob'), count(2, 'blob')]).toEqual(['0 blobs', '1 blob', '2 blobs'])
})
