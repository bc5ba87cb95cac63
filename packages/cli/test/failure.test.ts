import { ImageError, type ImageErrorCode } from '@crossdock/core'
import { expect, test } from 'vitest'
import { crashLine, describeFailure, failureJson, failureLine, UsageError } from '../src/failure.ts'
import { Interruption } from '../src/interruption.ts'

const CODES: readonly (readonly [ImageErrorCode, number])[] = [
  ['INVALID_REFERENCE', 64],
  ['UNKNOWN_TRANSPORT', 64],
  ['DUPLICATE_TRANSPORT', 1],
  ['CONTRACT_MISMATCH', 1],
  ['NOT_FOUND', 2],
  ['UNAUTHENTICATED', 3],
  ['FORBIDDEN', 3],
  ['RATE_LIMITED', 6],
  ['UNAVAILABLE', 6],
  ['DIGEST_MISMATCH', 5],
  ['LIMIT_EXCEEDED', 1],
  ['INVALID_DATA', 5],
  ['UNSUPPORTED', 1],
  ['REJECTED_BY_POLICY', 4],
  ['CONFLICT', 1],
  ['IO', 7],
]

test.each(CODES)('%s ends the command with %d, and is told to people and machines', (code, exitCode) => {
  const failure = describeFailure(new ImageError(code, 'why'))
  expect(failureLine(failure)).toBe(`why [${code}]`)
  const retryable = code === 'RATE_LIMITED' || code === 'UNAVAILABLE'
  expect(failureJson(failure)).toEqual({ type: 'error', code, message: 'why', retryable, exitCode })
})

test('a line names the side, the image unless the message does so itself, and the next step', () => {
  const image = 'docker://example.com/app'
  const error = new ImageError('UNAUTHENTICATED', 'who are you?', { side: 'source', image })
  const line = failureLine(describeFailure(error, { name: 'copy', flags: {} }))
  expect(line).toBe(
    `source: who are you? (${image}); crossdock login example.com does that, --src-creds USER:PASSWORD for this once [UNAUTHENTICATED]`,
  )
  const said = failureLine(describeFailure(new ImageError('NOT_FOUND', `no tag in ${image}`, { image })))
  expect(said).toBe(`no tag in ${image} [NOT_FOUND]`)
})

test('a line is one line without anything that a terminal obeys, and not endless', () => {
  const error = new ImageError('IO', `a\nb\u001B[31mc\u202E${'x'.repeat(100_000)}`, { image: 'oci:\u0007d' })
  const line = failureLine(describeFailure(error))
  expect(line).toMatch(/^a\\u\{a\}b\\u\{1b\}\[31mc\\u\{202e\}x+… \(100010 characters\) \(oci:\\u\{7\}d\) \[IO\]$/)
  expect(line.length).toBeLessThan(2200)
})

test('usage, interruption and bugs are told apart', () => {
  expect(describeFailure(new UsageError('say what'))).toMatchObject({ exitCode: 64, code: 'USAGE' })
  expect(failureLine(describeFailure(new UsageError('say what')))).toBe('say what')
  const stopped = describeFailure(new Interruption('stopped by SIGINT', 130))
  expect(stopped).toEqual({ exitCode: 130, code: 'INTERRUPTED', message: 'stopped by SIGINT', retryable: true })
  expect(crashLine(new TypeError('x is \u001B[31mnot'))).toBe(
    'crossdock: internal error: x is \\u{1b}[31mnot; this is a defect of crossdock [INTERNAL]\n',
  )
  expect(describeFailure('text').exitCode).toBe(1)
})
