import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createHasher,
  digestAlgorithm,
  digestEncoded,
  digestOf,
  ImageError,
  isDigest,
  parseDigest,
  shortDigest,
} from '../src/index.ts'

const HEX64 = '0123456789abcdef'.repeat(4)

function outcome(value: unknown): string {
  try {
    return parseDigest(value)
  } catch (error) {
    if (error instanceof ImageError) return 'refused'
    throw error
  }
}

describe('parseDigest', () => {
  test.each([`sha256:${HEX64}`, `sha512:${HEX64}${HEX64}`])('takes %s', (text) => {
    expect(parseDigest(text)).toBe(text)
    expect(isDigest(text)).toBe(true)
  })

  test.each([
    ['an empty text', '', 'no ":"'],
    ['no colon', `sha256${HEX64}`, 'no ":"'],
    ['nothing behind the colon', 'sha256:', '64 lower-case'],
    ['upper case', `sha256:${HEX64.toUpperCase()}`, '64 lower-case'],
    ['too short', `sha256:${HEX64.slice(1)}`, '64 lower-case'],
    ['too long', `sha256:${HEX64}0`, '64 lower-case'],
    ['no hexadecimal', `sha256:${HEX64.slice(1)}g`, '64 lower-case'],
    ['a line end', `sha256:${HEX64}\n`, '64 lower-case'],
    ['a line end within', `sha256:${HEX64.slice(1)}\n`, '64 lower-case'],
    ['a space before', ` sha256:${HEX64}`, 'not supported'],
    ['NUL', `sha256:${HEX64.slice(1)}\0`, '64 lower-case'],
    ['a path', 'sha256:../../../../etc/passwd', '64 lower-case'],
    ['a path as algorithm', `../x:${HEX64}`, 'not supported'],
    ['a short sha512', `sha512:${HEX64}`, '128 lower-case'],
    ['md5', 'md5:d41d8cd98f00b204e9800998ecf8427e', '"md5" is not supported; use sha256 or sha512'],
    ['sha384', `sha384:${HEX64.repeat(2).slice(0, 96)}`, '"sha384" is not supported'],
    ['upper-case algorithm', `SHA256:${HEX64}`, 'not supported'],
    ['__proto__', `__proto__:${HEX64}`, 'not supported'],
    ['constructor', `constructor:${HEX64}`, 'not supported'],
    ['two digests', `sha256:sha256:${HEX64}`, '64 lower-case'],
    ['a compound algorithm', `sha256+b64:${HEX64}`, 'not supported'],
  ])('refuses %s', (_name, text, problem) => {
    expect(() => parseDigest(text)).toThrow(problem)
    expect(() => parseDigest(text)).toThrow(expect.objectContaining({ code: 'INVALID_DATA' }))
    expect(isDigest(text)).toBe(false)
  })

  test.each([
    [null, 'null'],
    [undefined, 'undefined'],
    [7, 'number'],
    [{}, 'object'],
    // A regular expression would take this array for its only element.
    [[`sha256:${HEX64}`], 'an array'],
  ])('refuses %o by its type', (value, type) => {
    expect(() => parseDigest(value)).toThrow(`a digest must be a string, not ${type}`)
    expect(isDigest(value)).toBe(false)
  })

  test('a megabyte of digest gives a short message', () => {
    for (const text of [`sha256:${'a'.repeat(1_000_000)}`, `${'a'.repeat(1_000_000)}:0`, 'a'.repeat(1_000_000)]) {
      expect(() => parseDigest(text)).toThrow(expect.toSatisfy((error: Error) => error.message.length < 500))
    }
  })

  test('takes what is computed and nothing beside it', () => {
    fc.assert(
      fc.property(
        fc.uint8Array(),
        fc.constantFrom('sha256' as const, 'sha512' as const),
        fc.nat(),
        (bytes, algorithm, at) => {
          const digest = digestOf(bytes, algorithm)
          expect(parseDigest(digest)).toBe(digest)
          const position = at % digest.length
          const without = digest.slice(0, position) + digest.slice(position + 1)
          expect(isDigest(without)).toBe(false)
        },
      ),
    )
  })

  test('throws nothing but ImageError', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), (value) => {
        expect(outcome(value)).toBe(isDigest(value) ? value : 'refused')
      }),
    )
  })
})

test('the parts of a digest', () => {
  const digest = parseDigest(`sha512:${HEX64}${HEX64}`)
  expect(digestAlgorithm(digest)).toBe('sha512')
  expect(digestEncoded(digest)).toBe(HEX64 + HEX64)
  expect(shortDigest(digest)).toBe('sha512:0123456789ab')
  expect(digestAlgorithm(parseDigest(`sha256:${HEX64}`))).toBe('sha256')
})

describe('hashing', () => {
  test('known values', () => {
    expect(digestOf(new Uint8Array(0))).toBe('sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    expect(digestOf(new TextEncoder().encode('abc'), 'sha512')).toBe(
      'sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a' +
        '2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    )
  })

  test('in pieces as in one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array()),
        fc.constantFrom('sha256' as const, 'sha512' as const),
        (parts, algorithm) => {
          const hasher = createHasher(algorithm)
          expect(hasher.algorithm).toBe(algorithm)
          for (const part of parts) hasher.update(part)
          expect(hasher.digest()).toBe(digestOf(Buffer.concat(parts), algorithm))
        },
      ),
    )
  })
})
