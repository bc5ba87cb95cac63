import { expect, test } from 'vitest'
import { keptForMs } from '../../src/direct/keep-alive.ts'
import { createHeaders } from '../../src/headers.ts'

test.each([
  ['1.1', [], 10_000],
  ['1.1', ['connection', 'keep-alive'], 10_000],
  ['1.1', ['connection', 'close'], 0],
  ['1.1', ['Connection', 'Close'], 0],
  ['1.1', ['connection', 'keep-alive, Close'], 0],
  ['1.1', ['connection', 'keep-alive', 'connection', 'close'], 0],
  ['1.1', ['connection', 'upgrade'], 10_000],
  ['1.1', ['connection', 'not-close'], 10_000],
  ['1.0', [], 0],
  ['1.0', ['connection', 'Keep-Alive'], 10_000],
  ['1.0', ['connection', 'keep-alive, close'], 0],
  ['1.1', ['keep-alive', 'timeout=5'], 4000],
  ['1.1', ['keep-alive', 'timeout=5, max=100'], 4000],
  ['1.1', ['keep-alive', 'max=100, Timeout=5'], 4000],
  ['1.1', ['keep-alive', 'timeout=3600'], 10_000],
  ['1.1', ['keep-alive', 'timeout=1'], 0],
  ['1.1', ['keep-alive', 'timeout=0'], 0],
  ['1.1', ['keep-alive', 'timeout=soon'], 10_000],
  ['1.1', ['keep-alive', 'mytimeout=2'], 10_000],
  ['1.1', ['connection', 'close', 'keep-alive', 'timeout=5'], 0],
] as const)('HTTP/%s with %j is kept for %i ms', (version, fields, expected) => {
  expect(keptForMs({ status: 200, version, fields }, createHeaders(fields))).toBe(expected)
})
