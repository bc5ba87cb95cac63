import { expect, test } from 'vitest'
import { encodeStruct, goStruct, type GoType, unknownMembers } from '../../src/convert/go-struct.ts'
import { parseJsonDocument } from '../../src/json.ts'
import { bytesOf } from '../documents.ts'

const INNER = goStruct([{ name: 'a', type: 'string', omitEmpty: true }])

function encode(type: GoType, json: string, omitEmpty = false): string {
  const value = parseJsonDocument(bytesOf(json), { what: 'document', maxBytes: 1000 })
  const object = value === 'missing' ? {} : { f: value }
  return encodeStruct(goStruct([{ name: 'f', type, omitEmpty }]), { object, where: 'document' })
}

// What Go writes after it has read the value into a field of the type; the second text with `omitempty`.
test.each<[GoType, string, string, string]>([
  ['string', '"missing"', '{"f":""}', '{}'],
  ['string', 'null', '{"f":""}', '{}'],
  ['string', '"<"', '{"f":"\\u003c"}', '{"f":"\\u003c"}'],
  ['bool', 'null', '{"f":false}', '{}'],
  ['bool', 'false', '{"f":false}', '{}'],
  ['bool', 'true', '{"f":true}', '{"f":true}'],
  ['int', '"missing"', '{"f":0}', '{}'],
  ['int', '0', '{"f":0}', '{}'],
  ['int', '-0', '{"f":0}', '{}'],
  ['int', '9223372036854775807', '{"f":9223372036854775807}', '{"f":9223372036854775807}'],
  ['int', '-9223372036854775808', '{"f":-9223372036854775808}', '{"f":-9223372036854775808}'],
  ['time', '"missing"', '{"f":"0001-01-01T00:00:00Z"}', '{}'],
  ['time', '"2024-01-01T00:00:00.10Z"', '{"f":"2024-01-01T00:00:00.1Z"}', '{"f":"2024-01-01T00:00:00.1Z"}'],
  ['strings', 'null', '{"f":null}', '{}'],
  ['strings', '[]', '{"f":[]}', '{}'],
  ['strings', '["a",null]', '{"f":["a",""]}', '{"f":["a",""]}'],
  ['words', '"a b"', '{"f":["a b"]}', '{"f":["a b"]}'],
  ['words', '["a"]', '{"f":["a"]}', '{"f":["a"]}'],
  ['set', 'null', '{"f":null}', '{}'],
  ['set', '{}', '{"f":{}}', '{}'],
  ['set', '{"b":null,"a":{"x":1}}', '{"f":{"a":{},"b":{}}}', '{"f":{"a":{},"b":{}}}'],
  ['map', '{"b":"1","a":null}', '{"f":{"a":"","b":"1"}}', '{"f":{"a":"","b":"1"}}'],
  ['map', '{"\\ud800":"1","\\ufffd":"2"}', '{"f":{"\ufffd":"2"}}', '{"f":{"\ufffd":"2"}}'],
  [{ struct: INNER }, '"missing"', '{"f":{}}', '{}'],
  [{ struct: INNER }, 'null', '{"f":{}}', '{}'],
  [{ struct: INNER }, '{}', '{"f":{}}', '{"f":{}}'],
  [{ struct: INNER }, '{"a":"","b":1}', '{"f":{}}', '{"f":{}}'],
  [{ list: INNER }, 'null', '{"f":null}', '{}'],
  [{ list: INNER }, '[]', '{"f":[]}', '{}'],
  [{ list: INNER }, '[null,{"a":"x"}]', '{"f":[{},{"a":"x"}]}', '{"f":[{},{"a":"x"}]}'],
])('%j from %s', (type, json, always, ifAny) => {
  expect(encode(type, json)).toBe(always)
  expect(encode(type, json, true)).toBe(ifAny)
})

test.each<[GoType, string, string]>([
  ['string', '1', 'f: must be a string, but is a number'],
  ['bool', '"true"', 'f: must be true or false, but is a string'],
  ['bool', '0', 'f: must be true or false'],
  ['int', '"1"', 'f: must be an integer, but is a string'],
  ['int', '1.0', 'f: must be an integer of 64 bits'],
  ['int', '1.5', 'f: must be an integer of 64 bits'],
  ['int', '9223372036854775808', 'f: must be an integer of 64 bits'],
  ['int', '1e999', 'f: must be an integer of 64 bits'],
  ['time', '""', 'f: must be a time of RFC 3339'],
  ['time', '0', 'f: must be a string, but is a number'],
  ['strings', '"a"', 'f: must be an array, but is a string'],
  ['strings', '[1]', 'f[0]: must be a string'],
  ['words', '{}', 'f: must be an array, but is an object'],
  ['set', '[]', 'f: must be an object, but is an array'],
  ['set', '{"a":1}', 'f: must be an object, but is a number'],
  ['map', '{"a":1}', 'f: must be a string, but is a number'],
  [{ struct: INNER }, '[]', 'f: must be an object, but is an array'],
  [{ struct: INNER }, '{"A":"x"}', 'f: ambiguous: "A" is "a"'],
  [{ list: INNER }, '{}', 'f: must be an array, but is an object'],
  [{ list: INNER }, '[[]]', 'f[0]: must be an object, but is an array'],
])('%j from %s is refused', (type, json, message) => {
  expect(() => encode(type, json)).toThrow(
    expect.objectContaining({ code: 'INVALID_DATA', message: expect.stringContaining(message) }),
  )
})

test('what a structure has no field for is told, if it says something', () => {
  const object = { a: 'x', none: null, no: false, zero: 0, text: '', list: [], map: {}, b: 1, c: [0], d: { e: null } }
  expect(unknownMembers(INNER, object)).toEqual(['b', 'c', 'd'])
})
