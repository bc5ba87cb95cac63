import { describe, expect, test } from 'vitest'
import { type BodyDecoder, bodyDecoder } from '../../src/direct/framing.ts'
import { parseHead, UnsoundAnswer } from '../../src/direct/response-head.ts'
import { createHeaders } from '../../src/headers.ts'
import type { HttpMethod } from '../../src/index.ts'

interface Answer {
  readonly method?: HttpMethod
  readonly line?: string
}

function decoderOf(fields: string, { method = 'GET', line = 'HTTP/1.1 200 OK' }: Answer = {}): BodyDecoder | undefined {
  const head = parseHead(`${line}\r\n${fields === '' ? '' : `${fields}\r\n`}\r\n`)
  return bodyDecoder(head, createHeaders(head.fields), method)
}

describe('a length', () => {
  test.each([
    ['content-length: 5', 5],
    ['Content-Length:\t5 ', 5],
    ['content-length: 0005', 5],
    [`content-length: ${'0'.repeat(40)}5`, 5],
    ['content-length: 5\r\ncontent-length: 5', 5],
    ['content-length: 5, 5 ,5', 5],
    ['content-length: 9007199254740991', Number.MAX_SAFE_INTEGER],
  ])('%j', (fields, size) => {
    const decoder = decoderOf(fields)
    expect(decoder).toMatchObject({ remaining: size, endsWithConnection: false })
  })

  test.each([
    'content-length:',
    'content-length: ,',
    'content-length: 5,',
    'content-length: ,5',
    'content-length: 5, 6',
    'content-length: 5\r\ncontent-length: 6',
    'content-length: 5\r\ncontent-length: 05',
    'content-length: 5\r\ncontent-length:',
    'content-length: +5',
    'content-length: -5',
    'content-length: 5.0',
    'content-length: 5e1',
    'content-length: 0x5',
    'content-length: 5 5',
    'content-length: 5\xa0',
    'content-length: \xb2',
    'content-length: 5;x',
    'content-length: 9007199254740992',
    'content-length: 99999999999999999999999',
    'content-length: Infinity',
  ])('%j is refused, for every method and status', (fields) => {
    for (const answer of [{}, { method: 'HEAD' }, { line: 'HTTP/1.1 304 Not Modified' }] as const) {
      expect(() => decoderOf(fields, answer)).toThrow(new UnsoundAnswer('a wrong length'))
    }
  })
})

describe('a transfer coding', () => {
  test.each(['transfer-encoding: chunked', 'Transfer-Encoding:\tCHUNKED '])('%j', (fields) => {
    expect(decoderOf(fields)).toMatchObject({ remaining: undefined, endsWithConnection: false })
  })

  test.each([
    'transfer-encoding:',
    'transfer-encoding: identity',
    'transfer-encoding: gzip',
    'transfer-encoding: gzip, chunked',
    'transfer-encoding: chunked, gzip',
    'transfer-encoding: chunked, chunked',
    'transfer-encoding: chunked\r\ntransfer-encoding: chunked',
    'transfer-encoding: xchunked',
    'transfer-encoding: chunked;q=1',
    'transfer-encoding: chunked\xa0',
    'transfer-encoding: "chunked"',
  ])('%j is refused', (fields) => {
    expect(() => decoderOf(fields)).toThrow(new UnsoundAnswer('a transfer coding'))
  })

  test('is refused in HTTP/1.0', () => {
    expect(() => decoderOf('transfer-encoding: chunked', { line: 'HTTP/1.0 200 OK' })).toThrow(UnsoundAnswer)
  })

  test.each(['GET', 'HEAD'] as const)('is refused beside a length, for %s', (method) => {
    for (const length of ['0', '5', 'nonsense']) {
      expect(() => decoderOf(`content-length: ${length}\r\ntransfer-encoding: chunked`, { method })).toThrow(
        new UnsoundAnswer('a length and a transfer coding'),
      )
    }
  })
})

describe('no body', () => {
  test.each([
    ['HEAD with a length', 'content-length: 5', { method: 'HEAD' }],
    ['HEAD, chunked', 'transfer-encoding: chunked', { method: 'HEAD' }],
    ['HEAD', '', { method: 'HEAD' }],
    ['204', '', { line: 'HTTP/1.1 204 No Content' }],
    ['204 with a length', 'content-length: 5', { line: 'HTTP/1.1 204 No Content' }],
    ['304 with a length', 'content-length: 5', { line: 'HTTP/1.1 304 Not Modified' }],
    ['a length of 0', 'content-length: 0', {}],
    ['a length of 0 after an upload', 'content-length: 0', { method: 'PUT' }],
  ] as const)('%s', (_name, fields, answer) => expect(decoderOf(fields, answer)).toBeUndefined())
})

test.each(['', 'connection: close'])('with %j the body ends with the connection', (fields) => {
  const decoder = decoderOf(fields)
  expect(decoder).toMatchObject({ remaining: undefined, endsWithConnection: true })
  expect(decoder?.decode(new Uint8Array(9), 2, 7)).toEqual({ end: 7 })
})

test('a length counts down, and what comes behind it is surplus', () => {
  const decoder = decoderOf('content-length: 10')
  expect(decoder?.decode(new Uint8Array(9), 0, 4)).toEqual({ end: 4 })
  expect(decoder?.remaining).toBe(6)
  expect(decoder?.decode(new Uint8Array(20), 4, 13)).toEqual({ end: 10, surplus: 3 })
  expect(decoder?.remaining).toBe(0)
  expect(decoderOf('content-length: 3')?.decode(new Uint8Array(3), 0, 3)).toEqual({ end: 3, surplus: 0 })
})
