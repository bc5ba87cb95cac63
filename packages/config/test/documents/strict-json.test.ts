import { assert, json, pre, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readStrictJson } from '../../src/index.ts'

const read = (text: string): unknown => readText(text).value
const readText = (text: string) =>
  readStrictJson(new TextEncoder().encode(text), { what: '/etc/x.json', maxBytes: 1000 })

describe('readStrictJson', () => {
  it.each([
    ['a key twice', '{"a":1,\n "a":2}', '/etc/x.json:2:2: the key "a" occurs twice'],
    ['a key twice, spelled otherwise', '{"a":1,"\\u0061":1}', 'the key "a" occurs twice'],
    ['a byte order mark', '\uFEFF{}', 'byte order mark'],
    ['trailing text', '{} {}', '/etc/x.json:1:4: it is not JSON'],
    ['a comment', '{} // x', 'it is not JSON'],
    ['a trailing comma', '{"a":1,}', 'it is not JSON'],
    ['nothing', '', 'it is not JSON'],
    ['a word', 'nul', 'it is not JSON'],
    ['a tab in a string', '"\t"', 'it is not JSON'],
    ['single quotes', "{'a':1}", 'it is not JSON'],
    ['a number with a leading zero', '[01]', 'it is not JSON'],
    ['a value that is missing', '{"a"}', 'it is not JSON'],
  ])('refuses %s', (_, text, reason) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({ code: 'INVALID_DATA', message: expect.stringContaining(reason) as string }),
    )
  })

  it('refuses what is not UTF-8', () => {
    expect(() => readStrictJson(Uint8Array.of(0x22, 0xff, 0x22), { what: 'x', maxBytes: 10 })).toThrow(
      'not valid UTF-8',
    )
  })

  it('refuses what is too large or too deep', () => {
    const tooLarge = { code: 'LIMIT_EXCEEDED' }
    expect(() => read(`"${'x'.repeat(1000)}"`)).toThrow(expect.objectContaining(tooLarge))
    expect(() => read('['.repeat(65) + ']'.repeat(65))).toThrow(expect.objectContaining(tooLarge))
    expect(read('['.repeat(64) + ']'.repeat(64))).toBeInstanceOf(Array)
  })

  it('quotes no value', () => {
    expect(() => read('{"auth":"c2VjcmV0" x}')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('c2VjcmV0') as string }),
    )
  })

  it('has keys that mean themselves', () => {
    const value = read('{"__proto__":{"a":1},"constructor":2}') as Record<string, unknown>
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor'])
    expect(value['a']).toBeUndefined()
    expect((read('{}') as Record<string, unknown>)['constructor']).toBeUndefined()
  })

  it('says where a value stands, or what should hold it', () => {
    const document = readText('{\n  "a": [1,\n    {"b": 2}]\n}')
    expect(document.error(['a', 1, 'b'], 'it is wrong').message).toBe('/etc/x.json:3:11: it is wrong')
    expect(document.error(['a', 1, 'c'], 'c is missing').message).toBe('/etc/x.json:3:5: c is missing')
    expect(document.error([], 'no').message).toBe('/etc/x.json:1:1: no')
  })

  it('reads what JSON.parse reads', () => {
    assert(
      property(json(), (text) => {
        pre(new TextEncoder().encode(text).byteLength <= 1000)
        expect(JSON.stringify(read(text))).toBe(JSON.stringify(JSON.parse(text)))
      }),
    )
  })
})
