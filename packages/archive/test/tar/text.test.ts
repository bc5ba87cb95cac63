import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeText, encodeText } from '../../src/tar/text.ts'

describe('text of names', () => {
  test('bytes come back as they were, UTF-8 or not', () => {
    // Many of the first bytes of sequences, so that broken ones are frequent.
    const byte = fc.oneof(
      fc.nat(255),
      fc.constantFrom(0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xed, 0xa0, 0x80, 0xf0, 0x9f, 0x98),
    )
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 40 }), (all) => {
        expect([...encodeText(decodeText(Uint8Array.from(all)))]).toStrictEqual(all)
      }),
      { numRuns: 2000 },
    )
  })

  test('what is UTF-8 is read as such', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0x10ffff })), (points) => {
        const text = String.fromCodePoint(...points).toWellFormed()
        expect(decodeText(Buffer.from(text))).toBe(text)
      }),
    )
  })

  test.each([
    ['latin 1', 'caf\xe9', 'caf\udce9'],
    ['too long a form', '\xc0\xaf', '\udcc0\udcaf'],
    ['a surrogate', '\xed\xb2\x80', '\udced\udcb2\udc80'],
    ['cut off', 'a\xe2\x82', 'a\udce2\udc82'],
    ['beyond Unicode', '\xf4\x90\x80\x80', '\udcf4\udc90\udc80\udc80'],
    ['a byte order mark', '\xef\xbb\xbfa', '\ufeffa'],
  ])('%s', (_name, bytes, text) => {
    expect(decodeText(Buffer.from(bytes, 'latin1'))).toBe(text)
  })

  test('half of a character that stands for no byte cannot be written', () => {
    expect(() => encodeText('a\ud800b')).toThrow('half of a character')
    expect(() => encodeText('a\udc00b')).toThrow('half of a character')
  })
})
