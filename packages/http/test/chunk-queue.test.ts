import { shareChunk, takeChunk } from '@crossdock/streams'
import { expect, test } from 'vitest'
import { createChunkQueue } from '../src/chunk-queue.ts'

const KIB = 1024

test('small chunks are handed over as one, large ones as they are, all in order', () => {
  const queue = createChunkQueue()
  const sizes = [1, 2, 300, 100, 156, 1, 256, 1, 255, 0, 1].map((kib) => kib * KIB)
  const chunks = sizes.map((size, index) => new Uint8Array(size).fill(index))
  for (const chunk of chunks) queue.push(chunk)
  expect(queue.bytes).toBe(sizes.reduce((sum, size) => sum + size))
  const taken: Uint8Array[] = []
  for (let next = queue.take(); next !== undefined; next = queue.take()) taken.push(next)
  expect(taken.map(({ byteLength }) => byteLength / KIB)).toEqual([3, 300, 256, 1, 256, 256, 1])
  expect(Buffer.concat(taken).equals(Buffer.concat(chunks))).toBe(true)
  expect(taken[1]).toBe(chunks[2])
  expect(queue.bytes).toBe(0)
})

test('chunks that were joined or dropped are given back', () => {
  for (const act of ['take', 'clear'] as const) {
    for (let count = 0; count < 100; count += 1) takeChunk() // nothing is free any more
    const room = takeChunk()
    shareChunk(room)
    const queue = createChunkQueue()
    queue.push(room.subarray(0, 10))
    queue.push(room.subarray(10, 20))
    const before = takeChunk()
    queue[act]()
    expect(before.buffer).not.toBe(room.buffer)
    expect(takeChunk().buffer).toBe(room.buffer)
    expect(queue.bytes).toBe(0)
    expect(queue.take()).toBeUndefined()
  }
})
