import { describe, expect, test } from 'vitest'
import { createChunkedDecoder } from '../../src/direct/chunked.ts'
import { UnsoundAnswer } from '../../src/direct/response-head.ts'

interface Read {
  readonly content: string
  /** Bytes behind the end; undefined if it has not come. */
  readonly surplus: number | undefined
}

/** What a decoder makes of the text if it comes in pieces of so many bytes. */
function decode(text: string, pieceBytes = text.length): Read {
  const decoder = createChunkedDecoder()
  const bytes = Buffer.from(text, 'latin1')
  let content = ''
  for (let at = 0; at < bytes.byteLength; at += pieceBytes) {
    const piece = bytes.subarray(at, at + pieceBytes)
    // Somewhere in a room, behind other content and before memory of no meaning.
    const room = new Uint8Array(piece.byteLength + 20).fill(88)
    room.set(piece, 7)
    const { end, surplus } = decoder.decode(room, 7, 7 + piece.byteLength)
    expect([...room.subarray(0, 7)]).toEqual(Array.from({ length: 7 }, () => 88))
    content += Buffer.from(room.subarray(7, end)).toString('latin1')
    if (surplus !== undefined) return { content, surplus: surplus + bytes.byteLength - at - piece.byteLength }
  }
  return { content, surplus: undefined }
}

describe('chunks', () => {
  test.each([
    ['5\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['0\r\n\r\n', ''],
    ['000\r\n\r\n', ''],
    ['2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n', 'hello'],
    ['A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n', '01234567890123456789'],
    ['0000000000000000000005\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['5\r\n\r\n\r\n\r\r\n0\r\n\r\n', '\r\n\r\n\r'],
    ['5;a\r\nhello\r\n0;b=c\r\n\r\n', 'hello'],
    ['5 ; a = "b;c"\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['5;\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['5  \r\nhello\r\n0 \t\r\n\r\n', 'hello'],
    ['5\r\nhello\r\n0\r\nx: y\r\nz:\r\n\r\n', 'hello'],
  ])('%j', (text, content) => {
    for (let piece = 1; piece <= text.length; piece += 1) expect(decode(text, piece)).toEqual({ content, surplus: 0 })
    expect(decode(`${text}more`)).toEqual({ content, surplus: 4 })
    for (let length = 0; length < text.length; length += 1) {
      expect(decode(text.slice(0, length), 1).surplus).toBeUndefined()
    }
  })

  test.each([
    ['no size', '\r\n'],
    ['no digit', 'g\r\n'],
    ['a blank before the size', ' 5\r\nhello\r\n'],
    ['a sign', '+5\r\nhello\r\n'],
    ['a negative size', '-5\r\nhello\r\n'],
    ['a prefix', '0x5\r\nhello\r\n'],
    ['two sizes', '5 5\r\nhello\r\n'],
    ['a fraction', '5.0\r\nhello\r\n'],
    ['a size beyond what can be counted', '20000000000000\r\n'],
    ['a size beyond 64 bits', '10000000000000005\r\nhello\r\n'],
    ['a control character in an extension', '5;a=\x00\r\nhello\r\n'],
    ['a return in an extension', '5;a\rb\r\nhello\r\n'],
    ['a second return', '5\r\r\nhello\r\n'],
    ['a size that is too small', '4\r\nhello\r\n0\r\n\r\n'],
    ['a size that is too large', '6\r\nhello\r\n0\r\n\r\n'],
    ['a line feed alone behind a size', '5\nhello\r\n0\r\n\r\n'],
    ['a line feed alone behind a chunk', '5\r\nhello\n0\r\n\r\n'],
    ['a line feed alone at the end', '5\r\nhello\r\n0\r\n\n'],
    ['a trailer without a name', '0\r\nnonsense\r\n\r\n'],
    ['a trailer that goes on in the next line', '0\r\nx: y\r\n z\r\n\r\n'],
    ['a control character in a trailer', '0\r\nx: \x1b\r\n\r\n'],
    ['a line that is too long', `5;${'x'.repeat(4096)}\r\n`],
    ['a trailer that is too long', `0\r\nx: ${'x'.repeat(4096)}\r\n\r\n`],
    ['a line without an end', '1'.repeat(5000)],
  ])('%s is refused', (_name, text) => {
    for (const piece of [1, 2, 3, text.length]) expect(() => decode(text, piece)).toThrow(UnsoundAnswer)
  })
})

describe('what is no content', () => {
  test('may be longer than the content by 64 KiB, and no more', () => {
    const trailer = `x: ${'y'.repeat(1021)}\r\n`
    expect(decode(`0\r\n${trailer.repeat(64)}\r\n`).surplus).toBe(0)
    expect(() => decode(`0\r\n${trailer.repeat(65)}\r\n`)).toThrow(new UnsoundAnswer('too much between chunks'))
    const extended = `1;${'x'.repeat(1023)}\r\ny\r\n`
    expect(decode(`${extended.repeat(64)}0\r\n\r\n`).content).toHaveLength(64)
    expect(() => decode(`${extended.repeat(66)}0\r\n\r\n`)).toThrow(new UnsoundAnswer('too much between chunks'))
    const padded = `${'0'.repeat(1023)}1\r\ny\r\n`
    expect(() => decode(`${padded.repeat(66)}0\r\n\r\n`)).toThrow(UnsoundAnswer)
  })

  test('may be as long as the content for as long as it goes on', () => {
    const signed = `400;signature=${'x'.repeat(1000)}\r\n${'y'.repeat(1024)}\r\n`
    expect(decode(`${signed.repeat(500)}0\r\n\r\n`).content).toHaveLength(500 * 1024)
  })
})
