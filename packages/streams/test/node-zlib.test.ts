import { availableParallelism } from 'node:os'
import { afterEach, expect, test, vi } from 'vitest'
import { packingThreads } from '../src/node-zlib.ts'

afterEach(() => vi.unstubAllEnvs())

test.each([
  ['1', 1],
  ['2', 1],
  ['3', Math.min(availableParallelism(), 2)],
  ['1000', Math.min(availableParallelism(), 8)],
  ['', Math.min(availableParallelism(), 3)],
  ['many', Math.min(availableParallelism(), 3)],
])('with %o threads in the pool, one is left to others', (pool, threads) => {
  vi.stubEnv('UV_THREADPOOL_SIZE', pool)
  expect(packingThreads()).toBe(threads)
})
