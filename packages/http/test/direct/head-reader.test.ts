import { describe, expect, test } from 'vitest'
import { createHeadReader, type HeadReader, type WholeHead } from '../../src/direct/head-reader.ts'
import { UnsoundAnswer } from '../../src/direct/response-head.ts'
import { WIRE } from '../../src/network-error.ts'

const KIB = 1024

function put(reader: HeadReader, text: string): WholeHead | undefined {
  const bytes = Buffer.from(text, 'latin1')
  for (let at = 0; at < bytes.byteLength;) {
    const room = reader.room()
    expect(room.byteLength).toBeGreaterThan(0)
    const part = bytes.subarray(at, at + room.byteLength)
    room.set(part)
    at += part.byteLength
    const whole = reader.add(part.byteLength)
    if (whole !== undefined) return { head: whole.head, rest: Buffer.concat([whole.rest, bytes.subarray(at)]) }
  }
  return undefined
}

/** As if the text came cut at each of its bytes. */
function putSlowly(reader: HeadReader, text: string): WholeHead | undefined {
  for (const character of text) {
    const whole = put(reader, character)
    if (whole !== undefined) return whole
  }
  return undefined
}

function restOf(whole: WholeHead | undefined): string {
  return Buffer.from(whole?.rest ?? []).toString('latin1')
}

const OK = 'HTTP/1.1 200 OK\r\nx: y\r\n\r\n'
const HINTS = 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'

describe('a head', () => {
  test('comes with what is behind it, and again after that', () => {
    const reader = createHeadReader()
    for (let round = 0; round < 3; round += 1) {
      const whole = put(reader, `${OK}body`)
      expect(whole?.head).toEqual({ status: 200, version: '1.1', fields: ['x', 'y'] })
      expect(restOf(whole)).toBe('body')
      expect(reader.begun).toBe(true)
      reader.reset()
      expect(reader.begun).toBe(false)
    }
  })

  test.each([OK, `\r\n${OK}`, `\n${OK}`, HINTS + OK, `\r\n${HINTS}${HINTS}${OK}`, OK.replaceAll('\r', '')])(
    'byte by byte: %j',
    (text) => {
      const whole = putSlowly(createHeadReader(), text)
      expect(whole?.head.status).toBe(200)
      expect(restOf(whole)).toBe('')
      expect(put(createHeadReader(), text)?.head).toEqual(whole?.head)
    },
  )

  test('that does not begin like one is refused at its first wrong byte', () => {
    for (const text of ['S', 'x', '\x15', '<', ' ', '\0', 'h', 'HX', 'HTTP/2', 'HTTP/1x', '\rH', '\r\r', '\r\nx']) {
      const reader = createHeadReader()
      expect(putSlowly(reader, text.slice(0, -1))).toBeUndefined()
      expect(() => put(reader, text.at(-1) ?? '')).toThrow(new UnsoundAnswer('no status line'))
    }
  })
})

describe('an empty line before a head', () => {
  test.each(['\r\n', '\n'])('is passed over: %j', (line) => {
    expect(put(createHeadReader(), line + OK)?.head.status).toBe(200)
    const reader = createHeadReader()
    expect(putSlowly(reader, line)).toBeUndefined()
    expect(reader.begun).toBe(false)
    expect(putSlowly(reader, OK)?.head.status).toBe(200)
  })

  test.each(['\r\n\r\n', '\n\n', '\r\n\n'])('two are refused: %j', (lines) => {
    expect(() => put(createHeadReader(), lines + OK)).toThrow(UnsoundAnswer)
    expect(() => putSlowly(createHeadReader(), lines + OK)).toThrow(UnsoundAnswer)
  })

  test('is refused behind an interim answer', () => {
    expect(() => put(createHeadReader(), `${HINTS}\r\n${OK}`)).toThrow(UnsoundAnswer)
  })
})

describe('interim answers', () => {
  test('20 are passed over, the 21st is refused', () => {
    expect(put(createHeadReader(), HINTS.repeat(20) + OK)?.head.status).toBe(200)
    expect(() => put(createHeadReader(), HINTS.repeat(21) + OK)).toThrow(new UnsoundAnswer('an answer that is none'))
    const reader = createHeadReader()
    for (let count = 0; count < 20; count += 1) expect(put(reader, HINTS)).toBeUndefined()
    expect(reader.begun).toBe(true)
    expect(() => put(reader, HINTS)).toThrow(UnsoundAnswer)
  })

  test('are counted for each answer', () => {
    const reader = createHeadReader()
    put(reader, HINTS.repeat(15) + OK)
    reader.reset()
    expect(put(reader, HINTS.repeat(15) + OK)?.head.status).toBe(200)
  })

  test('a change of protocols is refused', () => {
    expect(() => put(createHeadReader(), 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n')).toThrow(
      new UnsoundAnswer('an answer that is none'),
    )
  })

  test('one that came alone counts as begun', () => {
    const reader = createHeadReader()
    put(reader, HINTS)
    expect(reader.begun).toBe(true)
  })

  test('what comes behind one is judged as soon as it is there', () => {
    expect(() => put(createHeadReader(), `${HINTS}nonsense`)).toThrow(new UnsoundAnswer('no status line'))
  })
})

function ofSize(bytes: number): string {
  const frame = 'HTTP/1.1 200 OK\r\nx: \r\n\r\n'
  return frame.replace('x: ', `x: ${'y'.repeat(bytes - frame.length)}`)
}

describe('the size of a head', () => {
  test.each([16 * KIB - 1, 16 * KIB, 16 * KIB + 1, 64 * KIB - 1, 64 * KIB])('%i bytes are read', (bytes) => {
    const reader = createHeadReader()
    const whole = put(reader, `${ofSize(bytes)}rest`)
    expect(whole?.head.fields[1]).toHaveLength(bytes - 24)
    expect(restOf(whole)).toBe('rest')
    reader.reset()
    expect(put(reader, OK)?.head.status).toBe(200)
  })

  test('more are refused, whether the head ends or not', () => {
    for (const text of [ofSize(64 * KIB + 1), ofSize(1024 * KIB)]) {
      expect(() => put(createHeadReader(), text)).toThrow(expect.objectContaining({ code: WIRE.headTooLarge }))
    }
  })

  test('interim answers do not count', () => {
    const large = ofSize(60 * KIB).replace('200', '103')
    expect(put(createHeadReader(), large.repeat(5) + ofSize(60 * KIB))?.head.status).toBe(200)
  })
})
