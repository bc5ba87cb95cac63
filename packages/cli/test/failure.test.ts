import { ImageError, type ImageErrorCode } from '@crossdock/core'
import { expect, test } from 'vitest'
import { describeFailure, UsageError } from '../src/failure.ts'
import { Interruption } from '../src/interruption.ts'

test.each<[ImageErrorCode, number]>([
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
])('%s ends the command with %d', (code, exitCode) => {
  expect(describeFailure(new ImageError(code, 'why'))).toEqual({ exitCode, code, message: `why [${code}]` })
})

test('a message names the side, and the image unless it says so itself', () => {
  const image = 'docker://example.com/app'
  const { message } = describeFailure(new ImageError('NOT_FOUND', 'no such tag', { side: 'source', image }))
  expect(message).toBe(`source: no such tag (${image}) [NOT_FOUND]`)
  const said = describeFailure(new ImageError('NOT_FOUND', `no tag in ${image}`, { image })).message
  expect(said).toBe(`no tag in ${image} [NOT_FOUND]`)
})

test('usage, interruption and bugs are told apart', () => {
  expect(describeFailure(new UsageError('say what')).exitCode).toBe(64)
  expect(describeFailure(new Interruption('stopped by SIGINT', 130))).toEqual({
    exitCode: 130,
    code: 'INTERRUPTED',
    message: 'stopped by SIGINT',
  })
  expect(describeFailure(new TypeError('x is \u001B[31mnot')).message).toBe('internal error: x is \\u{1b}[31mnot')
  expect(describeFailure('text').exitCode).toBe(1)
})
