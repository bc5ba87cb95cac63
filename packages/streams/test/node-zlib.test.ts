import { availableParallelism } from 'node:os'
import { gzipSync } from 'node:zlib'
import { afterEach, expect, test, vi } from 'vitest'
import { recycle } from '../src/chunk-pool.ts'
import { createDecoder, packingThreads } from '../src/node-zlib.ts'

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

test('memory of zlib is given back with its last piece, and kept while zlib may write to it', async () => {
  const content = Buffer.alloc(1_000_000, 'some text that packs well ')
  const packed = gzipSync(content)
  const decoder = createDecoder('gzip')
  const pieces: { readonly copy: Buffer; readonly buffer: ArrayBufferLike }[] = []
  const parts = [packed.subarray(0, packed.byteLength / 2), packed.subarray(packed.byteLength / 2)]
  for (const step of [...parts.map((part) => () => decoder.write(part)), () => decoder.end()]) {
    for await (const piece of step()) {
      pieces.push({ copy: Buffer.from(piece), buffer: piece.buffer })
      recycle(piece)
    }
  }
  decoder.close()
  expect(Buffer.concat(pieces.map(({ copy }) => copy)).equals(content)).toBe(true)
  const buffers = [...new Set(pieces.map(({ buffer }) => buffer))]
  expect(buffers.length).toBeLessThan(pieces.length)
  expect(buffers.map(({ byteLength }) => byteLength)).toEqual([...buffers.slice(1).map(() => 0), 256 * 1024])
})
