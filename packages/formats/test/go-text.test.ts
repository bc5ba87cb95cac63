import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { goMap, goString, goTime } from '../src/go-text.ts'
import { outcome } from './documents.ts'

// Expected texts are those that skopeo 1.22 writes into configs.
test.each([
  ['plain', '"plain"'],
  ['<a href="x">&', '"\\u003ca href=\\"x\\"\\u003e\\u0026"'],
  ['\b\f\n\r\t\u0000\u001f\u007f', '"\\b\\f\\n\\r\\t\\u0000\\u001f\u007f"'],
  ['\u2028\u2029', '"\\u2028\\u2029"'],
  ['é\u{1f600}\ufffd', '"é\u{1f600}\ufffd"'],
  ['\ud800x\udc00', '"\ufffdx\ufffd"'],
])('%j is written %s', (text, json) => {
  expect(goString(text)).toBe(json)
})

test('every text comes back, and nothing in it means something in HTML', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(JSON.parse(goString(text))).toBe(text)
      expect(goString(text)).not.toMatch(/[<>&\u2028\u2029]/)
    }),
  )
})

test('names are in the order of their bytes', () => {
  const unit = fc.constantFrom('', 'a', 'b', '<', '\u00e9', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{1f600}')
  const names = fc.uniqueArray(fc.string({ unit, maxLength: 4 }), { maxLength: 10 })
  fc.assert(
    fc.property(names, (keys) => {
      const sorted = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      expect(goMap(keys.map((key) => [key, '1'] as const))).toBe(
        `{${sorted.map((key) => `${goString(key)}:1`).join(',')}}`,
      )
    }),
  )
  expect(
    goMap([
      ['\u{1f600}', '1'],
      ['\ue000', '2'],
      ['', '3'],
    ]),
  ).toBe('{"":3,"\ue000":2,"\u{1f600}":1}')
})

test.each([
  ['2024-05-01T12:00:00Z', '2024-05-01T12:00:00Z'],
  ['2024-05-01T12:00:00.000Z', '2024-05-01T12:00:00Z'],
  ['2024-05-01T12:00:00.120Z', '2024-05-01T12:00:00.12Z'],
  ['2024-05-01T12:00:00.123456789987Z', '2024-05-01T12:00:00.123456789Z'],
  ['2024-05-01T12:00:00,5Z', '2024-05-01T12:00:00.5Z'],
  ['2024-05-01T1:00:00Z', '2024-05-01T01:00:00Z'],
  ['2024-05-01T12:00:00+00:00', '2024-05-01T12:00:00Z'],
  ['2024-05-01T12:00:00-00:00', '2024-05-01T12:00:00Z'],
  ['2024-05-01T12:00:00-03:30', '2024-05-01T12:00:00-03:30'],
  ['2024-05-01T12:00:00+00:60', '2024-05-01T12:00:00+01:00'],
  ['2024-02-29T23:59:59+23:59', '2024-02-29T23:59:59+23:59'],
  ['0000-01-01T00:00:00Z', '0000-01-01T00:00:00Z'],
])('the time %s is written %s', (text, written) => {
  expect(goTime(text, 'created')).toBe(written)
})

test.each([
  [''],
  ['2024-05-01'],
  ['2024-05-01 12:00:00Z'],
  ['2024-05-01t12:00:00z'],
  ['2024-05-01T12:00:00'],
  ['2024-05-01T12:00:00.Z'],
  ['2023-02-29T12:00:00Z'],
  ['1900-02-29T12:00:00Z'],
  ['2024-04-31T12:00:00Z'],
  ['2024-13-01T12:00:00Z'],
  ['2024-00-01T12:00:00Z'],
  ['2024-05-00T12:00:00Z'],
  ['2024-05-01T24:00:00Z'],
  ['2024-05-01T12:60:00Z'],
  ['2024-05-01T12:00:60Z'],
  ['2024-05-01T12:00:00+24:00'],
  ['2024-05-01T12:00:00+23:60'],
  ['2024-05-01T12:00:00+00:61'],
  ['10000-01-01T00:00:00Z'],
])('"%s" is no time', (text) => {
  expect(outcome(() => goTime(text, 'created'))).toBe('INVALID_DATA')
})
