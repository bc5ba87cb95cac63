import { expect, test } from 'vitest'
import { isStale, markStale } from '../../src/direct/stale-connection.ts'
import { clientClosed, WIRE, wireFailure } from '../../src/network-error.ts'

function failure(code: string): Error {
  return Object.assign(new Error(code), { code })
}

test.each([
  [wireFailure(WIRE.closed), true],
  [failure('ECONNRESET'), true],
  [failure('EPIPE'), true],
  [failure('ETIMEDOUT'), false],
  [clientClosed(), false],
  [wireFailure(WIRE.headersTimeout), false],
  [wireFailure(WIRE.badHeader), false],
  [wireFailure(WIRE.endedEarly), false],
  [new Error('no code'), false],
  [{ code: 'EPIPE' }, false],
  ['EPIPE', false],
  [undefined, false],
])('%j', (reason, stale) => {
  expect(isStale(reason)).toBe(false)
  markStale(reason)
  expect(isStale(reason)).toBe(stale)
})
