import * as fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { adoptChunk } from '../src/chunk-pool.ts'
import { CHUNK_BYTES, recycle, shareChunk, takeChunk } from '../src/index.ts'

/** As many as are ever free, so that what is taken next is new, or was given back since. */
const EMPTYING = 100

beforeEach(() => {
  for (let count = 0; count < EMPTYING; count += 1) takeChunk()
})

describe('a chunk', () => {
  test('has its size, and is new unless one came back', () => {
    const [one, two] = [takeChunk(), takeChunk()]
    expect([one.byteLength, two.byteLength]).toEqual([CHUNK_BYTES, CHUNK_BYTES])
    expect(one.buffer).not.toBe(two.buffer)
  })

  test.each([
    ['itself', (chunk: Uint8Array) => chunk],
    ['its head', (chunk: Uint8Array) => chunk.subarray(0, 1)],
    ['its end', (chunk: Uint8Array) => chunk.subarray(-1)],
    ['nothing of it', (chunk: Uint8Array) => chunk.subarray(5, 5)],
    ['it as a Buffer', (chunk: Uint8Array) => Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)],
  ])('comes back by %s', (_name, part) => {
    const chunk = takeChunk()
    recycle(part(chunk))
    const again = takeChunk()
    expect([again.buffer, again.byteLength, again.byteOffset]).toEqual([chunk.buffer, CHUNK_BYTES, 0])
  })

  test('comes back once', () => {
    const chunk = takeChunk()
    recycle(chunk)
    recycle(chunk)
    const [one, two] = [takeChunk(), takeChunk()]
    expect(one.buffer).toBe(chunk.buffer)
    expect(two.buffer).not.toBe(chunk.buffer)
  })

  test('that is shared comes back with its last part', () => {
    const chunk = takeChunk()
    shareChunk(chunk)
    shareChunk(chunk.subarray(7))
    recycle(chunk.subarray(0, 5))
    recycle(chunk.subarray(5, 7))
    expect(takeChunk().buffer).not.toBe(chunk.buffer)
    recycle(chunk.subarray(7))
    expect(takeChunk().buffer).toBe(chunk.buffer)
  })

  test('that came back cannot be shared any more', () => {
    const chunk = takeChunk()
    recycle(chunk)
    shareChunk(chunk)
    recycle(chunk)
    expect(takeChunk().buffer).toBe(chunk.buffer)
    expect(takeChunk().buffer).not.toBe(chunk.buffer)
  })

  test('that was shared before is shared no more when it is taken again', () => {
    const chunk = takeChunk()
    shareChunk(chunk)
    recycle(chunk)
    recycle(chunk)
    const again = takeChunk()
    recycle(again)
    expect(takeChunk().buffer).toBe(chunk.buffer)
  })

  test('whose memory went elsewhere is not handed out', () => {
    const chunk = takeChunk()
    structuredClone(chunk, { transfer: [chunk.buffer] })
    recycle(chunk)
    expect(takeChunk().byteLength).toBe(CHUNK_BYTES)
  })
})

test('memory of other origin is left alone', () => {
  for (const other of [
    new Uint8Array(CHUNK_BYTES),
    Buffer.alloc(CHUNK_BYTES),
    Buffer.from('small'),
    new Uint8Array(0),
  ]) {
    shareChunk(other)
    recycle(other)
    expect(takeChunk().buffer).not.toBe(other.buffer)
  }
})

function made(): Uint8Array<ArrayBuffer> {
  const chunk = new Uint8Array(1000)
  adoptChunk(chunk)
  return chunk
}

describe('a chunk that was adopted', () => {
  test('has no memory any more once it is given back, and is not handed out', () => {
    const chunk = made()
    recycle(chunk.subarray(5, 7))
    expect(chunk.buffer.detached).toBe(true)
    expect(takeChunk().byteLength).toBe(CHUNK_BYTES)
  })

  test('keeps its memory until the last of its holders gives it back', () => {
    const chunk = made()
    shareChunk(chunk)
    recycle(chunk.subarray(0, 500))
    expect(chunk.buffer.detached).toBe(false)
    recycle(chunk.subarray(500))
    expect(chunk.buffer.detached).toBe(true)
    recycle(chunk)
  })

  test('may have gone elsewhere meanwhile', () => {
    const chunk = made()
    structuredClone(chunk, { transfer: [chunk.buffer] })
    expect(() => recycle(chunk)).not.toThrow()
  })

  test('is left alone unless it is all of its memory', () => {
    const whole = new Uint8Array(1000)
    const part = whole.subarray(1)
    adoptChunk(part)
    recycle(part)
    expect(whole.buffer.detached).toBe(false)
  })
})

test('at most 16 MiB wait to be used again', () => {
  const chunks = Array.from({ length: 100 }, takeChunk)
  const buffers = new Set(chunks.map(({ buffer }) => buffer))
  chunks.forEach(recycle)
  const again = Array.from({ length: 100 }, takeChunk).filter(({ buffer }) => buffers.has(buffer))
  expect(again.length * CHUNK_BYTES).toBe(16 * 1024 * 1024)
})

test('nobody ever holds what somebody else holds, in whatever order they take, share and give back', () => {
  const step = fc.oneof({ weight: 3, arbitrary: fc.constant('take' as const) }, fc.record({ share: fc.nat() }), {
    weight: 2,
    arbitrary: fc.record({ giveBack: fc.nat() }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const held: { readonly chunk: Uint8Array; readonly owner: number }[] = []
      let owners = 0
      let clashes = 0
      for (const one of steps) {
        if (one === 'take') {
          const chunk = takeChunk()
          clashes += held.filter((other) => other.chunk.buffer === chunk.buffer).length
          owners += 1
          chunk[0] = owners % 256
          held.push({ chunk, owner: owners % 256 })
        } else if (held.length > 0 && 'share' in one) {
          const shared = held[one.share % held.length]
          if (shared === undefined) continue
          shareChunk(shared.chunk)
          held.push({ ...shared, chunk: shared.chunk.subarray(0, 1) })
        } else if (held.length > 0 && 'giveBack' in one) {
          const [given] = held.splice(one.giveBack % held.length, 1)
          if (given !== undefined) recycle(given.chunk)
        }
      }
      expect(clashes).toBe(0)
      for (const { chunk, owner } of held) expect(chunk[0]).toBe(owner)
      for (const { chunk } of held) recycle(chunk)
    }),
    { numRuns: 300 },
  )
})
