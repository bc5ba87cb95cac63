import { describe, expect, test } from 'vitest'
import { headEnd, parseField, parseHead, trimBlanks, UnsoundAnswer } from '../../src/direct/response-head.ts'

describe('the end of a head', () => {
  test.each([
    ['HTTP/1.1 200 OK\r\nx: y\r\n\r\nbody', 25],
    ['HTTP/1.1 200 OK\nx: y\n\nbody\n\n', 22],
    ['HTTP/1.1 200 OK\r\nx: y\n\r\nbody', 24],
    ['HTTP/1.1 200 OK\r\nx: y\r\n\nbody', 24],
    ['HTTP/1.1 200 OK\r\n\r\n', 19],
    ['HTTP/1.1 200 OK\r\nx: y\r\n', -1],
    ['HTTP/1.1 200 OK\r\nx: y\r\n\r', -1],
    ['HTTP/1.1 200 OK\r\nx: y\r\r\n', -1],
    ['\n', -1],
    ['\r\n', -1],
    ['', -1],
  ])('%j', (text, end) => {
    const bytes = Buffer.from(text)
    expect(headEnd(bytes, 0, bytes.byteLength)).toBe(end)
    // Whatever came before: three bytes back are enough to look at.
    for (let seen = 0; seen < Math.max(end, 0); seen += 1) expect(headEnd(bytes, Math.max(0, seen - 3), end)).toBe(end)
  })

  test('bytes behind what came do not count', () => {
    expect(headEnd(Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), 0, 18)).toBe(-1)
  })
})

describe('a status line', () => {
  test.each([
    ['HTTP/1.1 200 OK', 200, '1.1'],
    ['HTTP/1.1 200', 200, '1.1'],
    ['HTTP/1.1 200 ', 200, '1.1'],
    ['HTTP/1.0 404 Not Found', 404, '1.0'],
    ['HTTP/1.1 999 \xe9\t!', 999, '1.1'],
    ['HTTP/1.1 103 Early Hints', 103, '1.1'],
  ])('%j', (line, status, version) => {
    expect(parseHead(`${line}\r\n\r\n`)).toEqual({ status, version, fields: [] })
  })

  test.each([
    '',
    'hello',
    'SSH-2.0-OpenSSH',
    'HTTP/0.9 200 OK',
    'HTTP/1.2 200 OK',
    'HTTP/2.0 200 OK',
    'HTTP/2 200',
    'HTTP/11 200 OK',
    'http/1.1 200 OK',
    ' HTTP/1.1 200 OK',
    'XHTTP/1.1 200 OK',
    'HTTP/1.1  200 OK',
    'HTTP/1.1\t200 OK',
    'HTTP/1.1 20 OK',
    'HTTP/1.1 2000 OK',
    'HTTP/1.1 200OK',
    'HTTP/1.1 099 OK',
    'HTTP/1.1 -20 OK',
    'HTTP/1.1 2e1 OK',
    'HTTP/1.1 200 O\rK',
    'HTTP/1.1 200 O\0K',
    'HTTP/1.1 200 OK\r',
  ])('%j is none', (line) => {
    expect(() => parseHead(`${line}\r\n\r\n`)).toThrow(new UnsoundAnswer('no status line'))
  })
})

describe('a header', () => {
  test.each([
    ['Name: value', 'Name', 'value'],
    ['name:value', 'name', 'value'],
    ['name: \t value \t', 'name', 'value'],
    ['name:', 'name', ''],
    ['name: a:b', 'name', 'a:b'],
    ['name: a \t b', 'name', 'a \t b'],
    ["!#$%&'*+-.^_`|~09azAZ: x", "!#$%&'*+-.^_`|~09azAZ", 'x'],
    ['name: \x80\xff', 'name', '\x80\xff'],
    ['name: \xa0x\xa0', 'name', '\xa0x\xa0'],
    ['__proto__: x', '__proto__', 'x'],
  ])('%j', (line, name, value) => expect(parseField(line)).toEqual([name, value]))

  test.each([
    'no colon',
    ': no name',
    'name : blank before the colon',
    ' folded: line',
    '\tfolded line',
    'na me: x',
    'n\xe9: x',
    'n(: x',
    'n\0: x',
    '',
  ])('%j has no name', (line) => {
    expect(() => parseField(line)).toThrow(new UnsoundAnswer('a header without a name'))
  })

  test.each(['\0', '\x01', '\x08', '\x0a', '\x0b', '\x0c', '\r', '\x1b', '\x1f', '\x7f'])(
    '%j is in no value',
    (character) => {
      for (const value of [`${character}x`, `x${character}y`, `x${character}`]) {
        expect(() => parseField(`name:${value}`)).toThrow(new UnsoundAnswer('a header with control characters'))
      }
    },
  )

  test('several, as they came; lines that go on in the next one are refused', () => {
    expect(parseHead('HTTP/1.1 200 OK\r\nA: 1\nb: 2\r\nA: 3\r\n\r\n').fields).toEqual(['A', '1', 'b', '2', 'A', '3'])
    expect(() => parseHead('HTTP/1.1 200 OK\r\nA: 1\r\n 2\r\n\r\n')).toThrow(UnsoundAnswer)
    expect(() => parseHead('HTTP/1.1 200 OK\r\nA: 1\r2: 3\r\n\r\n')).toThrow(UnsoundAnswer)
  })

  test('long blanks within a value cost no more than other bytes', () => {
    const value = `x${' \t'.repeat(32_000)}y`
    const startedAt = performance.now()
    for (let round = 0; round < 20; round += 1) expect(parseField(`name: ${value} `)).toEqual(['name', value])
    expect(performance.now() - startedAt).toBeLessThan(1000)
  })
})

test.each([
  [' \t x y\t ', 'x y'],
  ['\xa0x\u3000', '\xa0x\u3000'],
  ['\r\nx\x0b', '\r\nx\x0b'],
  [' ', ''],
  ['', ''],
])('blanks round %j', (text, trimmed) => expect(trimBlanks(text)).toBe(trimmed))
