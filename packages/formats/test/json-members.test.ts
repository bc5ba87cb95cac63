import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { compactMembers, readJsonMembers } from '../src/json-members.ts'
import { bytesOf, outcome } from './documents.ts'

const OPTIONS = { what: 'document', maxBytes: 1e6 }

function compact(text: string): Record<string, string> {
  return Object.fromEntries(compactMembers(readJsonMembers(bytesOf(text), OPTIONS)))
}

test('what is written stays: digits, escapes, order and keys that occur twice', () => {
  expect(
    compact(`{ "n" : 1.50 , "big":12345678901234567890,"e":-0.0E+1,\n\t"s":" \\u0041\\/ ","o":{ "b" : 1 , "a":[ 1 ,2 ] , "b":2 },
      "t":true,"f": false , "z":null,"html":"<&>\u2028","\\u006bey":[] }`),
  ).toEqual({
    n: '1.50',
    big: '12345678901234567890',
    e: '-0.0E+1',
    s: '" \\u0041\\/ "',
    o: '{"b":1,"a":[1,2],"b":2}',
    t: 'true',
    f: 'false',
    z: 'null',
    html: '"\\u003c\\u0026\\u003e\\u2028"',
    key: '[]',
  })
})

test('of a key that occurs twice the last value counts', () => {
  expect(compact('{"a":1,"b":2,"a":{"c":"}"}}')).toEqual({ a: '{"c":"}"}', b: '2' })
  expect(compact('{}')).toEqual({})
})

test('the places are those of the bytes', () => {
  const text = ' {"é" : "\\"," , "b":[1]} '
  const { bytes, members } = readJsonMembers(bytesOf(text), OPTIONS)
  const cut = (from: number, to: number) => new TextDecoder().decode(bytes.subarray(from, to))
  expect(members.map(({ key, valueStart, valueEnd }) => [key, cut(valueStart, valueEnd)])).toEqual([
    ['é', '"\\","'],
    ['b', '[1]'],
  ])
})

test('whatever the values are, they come back whole', () => {
  const documents = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue(), { noNullPrototype: false })
  fc.assert(
    fc.property(documents, fc.constantFrom(undefined, 1, '\t'), (document, indent) => {
      const text = JSON.stringify(document, undefined, indent)
      const members = compactMembers(readJsonMembers(bytesOf(text), OPTIONS))
      expect(members.size).toBe(Object.keys(document).length)
      for (const [key, json] of members) {
        const value: unknown = JSON.parse(json)
        expect(value).toEqual(JSON.parse(JSON.stringify(document[key])))
        expect(json).not.toMatch(/[<>&]/)
      }
    }),
  )
})

test.each(['[]', '1', '{', '{"a":1}}', ''])('%j is refused', (text) => {
  expect(outcome(() => compact(text))).toBe('INVALID_DATA')
})
