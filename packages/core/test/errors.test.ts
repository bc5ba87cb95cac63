import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { digestOf, ImageError, quoteForeign } from '../src/index.ts'
import { hideUserInfo } from '../src/errors.ts'

/** The module once more, as a second installed copy of the package would be. */
async function secondCopy(): Promise<typeof ImageError> {
  const url = new URL('../src/errors.ts?second-copy', import.meta.url).href
  const module = (await import(/* @vite-ignore */ url)) as { ImageError: typeof ImageError }
  return module.ImageError
}

describe('ImageError', () => {
  test('is an error with a code', () => {
    const cause = new Error('404')
    const error = new ImageError('NOT_FOUND', 'there is no such image', { side: 'source', image: 'docker://x', cause })
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ code: 'NOT_FOUND', side: 'source', image: 'docker://x', retryable: false, cause })
    expect(String(error)).toBe('ImageError: there is no such image')
    expect(error.stack).toContain('errors.test.ts')
    expect('cause' in new ImageError('IO', 'x')).toBe(false)
  })

  test.each([
    ['UNAVAILABLE', true],
    ['RATE_LIMITED', true],
    ['DIGEST_MISMATCH', false],
    ['IO', false],
  ] as const)('%s is retryable by default: %s', (code, retryable) => {
    expect(new ImageError(code, 'x').retryable).toBe(retryable)
    expect(new ImageError(code, 'x', { retryable: !retryable }).retryable).toBe(!retryable)
  })

  test('two copies of the package know each other', async () => {
    const Other = await secondCopy()
    expect(Other).not.toBe(ImageError)
    const foreign = new Other('NOT_FOUND', 'from the other copy')
    expect(foreign instanceof ImageError).toBe(true)
    expect(new ImageError('IO', 'x') instanceof Other).toBe(true)
    expect(ImageError.from(foreign, 'IO')).toBe(foreign)
  })

  test.each([null, undefined, 'text', 7, {}, new Error('plain'), { '~imageError': 'yes' }, () => undefined])(
    '%o is none',
    (value) => {
      expect(value instanceof ImageError).toBe(false)
    },
  )

  test('a subclass holds only its own', () => {
    class PolicyError extends ImageError {}
    expect(new PolicyError('REJECTED_BY_POLICY', 'x') instanceof PolicyError).toBe(true)
    expect(new PolicyError('REJECTED_BY_POLICY', 'x') instanceof ImageError).toBe(true)
    expect(new ImageError('IO', 'x') instanceof PolicyError).toBe(false)
  })
})

describe('ImageError.from', () => {
  test('keeps an ImageError that says it all', () => {
    const error = new ImageError('NOT_FOUND', 'x', { side: 'source', image: 'docker://x' })
    expect(ImageError.from(error, 'IO', { side: 'destination', image: 'oci:y' })).toBe(error)
    expect(ImageError.from(error, 'IO')).toBe(error)
  })

  test('fills in what was not known and keeps the rest', () => {
    const missing = [digestOf(new Uint8Array(0))]
    const error = new ImageError('CONFLICT', 'x', { retryable: true, missing })
    const filled = ImageError.from(error, 'IO', { side: 'destination', image: 'oci:y' })
    expect(filled).not.toBe(error)
    expect(filled).toMatchObject({
      code: 'CONFLICT',
      message: 'x',
      side: 'destination',
      image: 'oci:y',
      retryable: true,
      missing,
    })
    expect(filled.cause).toBe(error)
  })

  test('turns anything else into the fallback', () => {
    const reason = new Error('EACCES: permission denied')
    expect(ImageError.from(reason, 'IO', { side: 'destination' })).toMatchObject({
      code: 'IO',
      message: 'EACCES: permission denied',
      side: 'destination',
      cause: reason,
    })
    expect(ImageError.from('a text', 'IO')).toMatchObject({ code: 'IO', message: 'a text', cause: 'a text' })
    expect(ImageError.from(new TypeError(''), 'IO').message).toBe('TypeError')
    expect(ImageError.from(undefined, 'IO').message).toBe('undefined')
  })

  test('what comes from outside is made safe', () => {
    const { message } = ImageError.from(new Error(`\u001B[31mred${'x'.repeat(10_000)}`), 'IO')
    expect(message.startsWith('\\u{1b}[31mred')).toBe(true)
    expect(message.length).toBeLessThan(600)
  })
})

describe('quoteForeign', () => {
  test.each([
    ['an escape sequence', '\u001B[2J', '\\u{1b}[2J'],
    ['line ends', 'a\r\nb', 'a\\u{d}\\u{a}b'],
    ['NUL and DEL', '\0\u007F', '\\u{0}\\u{7f}'],
    ['C1 controls', '\u009B', '\\u{9b}'],
    ['right-to-left override', 'a\u202Egpj', 'a\\u{202e}gpj'],
    ['zero width', 'a\u200Bb\uFEFF', 'a\\u{200b}b\\u{feff}'],
    ['line separator', '\u2028', '\\u{2028}'],
    ['a lone surrogate', '\uD83D', '\\u{d83d}'],
    ['ordinary text of all languages', 'Größe 模 🐳', 'Größe 模 🐳'],
  ])('%s', (_name, text, shown) => {
    expect(quoteForeign(text)).toBe(shown)
  })

  test('cuts and says how long it was', () => {
    expect(quoteForeign('x'.repeat(501))).toBe(`${'x'.repeat(500)}… (501 characters)`)
    expect(quoteForeign('x'.repeat(500))).toBe('x'.repeat(500))
    expect(quoteForeign('abcdef', 3)).toBe('abc… (6 characters)')
  })

  test('never lets a control character through', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(quoteForeign(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u)
      }),
    )
  })
})

describe('hideUserInfo', () => {
  test.each([
    ['alpine:3.20', 'alpine:3.20'],
    [`alpine@sha256:abc`, `alpine@sha256:abc`],
    ['user:secret@host/x', '…@host/x'],
    ['secret@host/x', '…@host/x'],
    ['user:secret@host:5000', '…@host:5000'],
    ['user:sec@ret@host/x', '…@host/x'],
    ['user:secret@host/x@sha256:abc', '…@sha256:abc'],
    ['user:secret@sha256:5000/x', '…@sha256:5000/x'],
    ['user:secret%40host/x', '…%40host/x'],
    ['user:secret%40host/x@sha256:abc', '…@sha256:abc'],
    ['user:sec@ret%40host/x', '…%40host/x'],
  ])('%s', (text, shown) => {
    expect(hideUserInfo(text)).toBe(shown)
  })
})
