import { gunzipSync, gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { compress, decompress } from '../src/index.ts'
import type * as NodeZlib from '../src/node-zlib.ts'
import { chunks, collect, endless, noise, pieces, readAll, rejection, tracked, turn } from './bodies.ts'

/** What runs in the pool. */
const running = vi.hoisted(() => ({ now: 0, most: 0, all: 0, failAt: 0, slow: false }))

vi.mock('../src/node-zlib.ts', async (original) => {
  const real = await original<typeof NodeZlib>()
  return {
    ...real,
    async deflateBlock(...input: Parameters<typeof real.deflateBlock>) {
      running.now += 1
      running.all += 1
      running.most = Math.max(running.most, running.now)
      try {
        if (running.all === running.failAt) throw new Error('no memory')
        return await real.deflateBlock(...input)
      } finally {
        for (let turns = running.slow ? 5 : 0; turns > 0; turns -= 1) await turn()
        running.now -= 1
      }
    },
  }
})

beforeEach(() => {
  Object.assign(running, { now: 0, most: 0, all: 0, failAt: 0, slow: false })
  vi.stubEnv('UV_THREADPOOL_SIZE', '4')
})
afterEach(() => vi.unstubAllEnvs())

const MIB = 1024 * 1024
const words = Buffer.concat(Array.from({ length: 8 }, (_, part) => noise(50_000 + part, 40)))
/** Two blocks and a third, partly packable, with repetition across block boundaries. */
const large = Buffer.concat([words, noise(300_000), words, noise(500_000), words, words])
const megabyte = noise(MIB)

async function pack(body: AsyncIterable<Uint8Array>, level = 1): Promise<Buffer> {
  return await readAll(compress(body, { format: 'gzip', level }))
}

describe('gzip in blocks', () => {
  test('is one member that others read', async () => {
    for (const level of [0, 1, 3]) {
      const packed = await pack(pieces(large, 65_536), level)
      expect(Buffer.compare(gunzipSync(packed), large)).toBe(0)
      // The trailer: there is a second one only if there is a second member.
      expect(packed.readUInt32LE(packed.byteLength - 4)).toBe(large.byteLength)
    }
    expect(running.all).toBe(3 * Math.ceil(large.byteLength / MIB))
  })

  test.each([0, 1, MIB - 1, MIB, MIB + 1, 2 * MIB, 2 * MIB + 1])('of %d bytes', async (size) => {
    const content = large.subarray(0, size)
    const packed = await pack(pieces(content, 500_000))
    expect(Buffer.compare(gunzipSync(packed), content)).toBe(0)
    expect(running.all).toBe(Math.max(1, Math.ceil(size / MIB)))
  })

  test('of up to a block is what zlib makes in one piece, but for the system in the header', async () => {
    // Level 0 only cuts, and where depends on the room for output.
    for (const level of [1, 2, 6, 9]) {
      const content = words.subarray(0, 50_000)
      const expected = gzipSync(content, { level })
      expected[9] = 255
      expect(Buffer.compare(await pack(pieces(content, 1000), level), expected)).toBe(0)
    }
  })

  test('is as small as in one piece', async () => {
    const packed = await pack(pieces(large, MIB), 3)
    expect(packed.byteLength).toBeLessThan(gzipSync(large, { level: 3 }).byteLength * 1.002)
  })

  test('refers to what came before a block', async () => {
    const once = noise(20_000)
    const repeated = Buffer.concat(Array.from({ length: 160 }, () => once))
    const packed = await pack(pieces(repeated, MIB), 6)
    expect(Buffer.compare(gunzipSync(packed), repeated)).toBe(0)
    expect(packed.byteLength).toBeLessThan(gzipSync(repeated).byteLength * 1.02)
  })

  test('is the same for any cut of the input, and comes back', async () => {
    const expected = new Map<string, Buffer>()
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(0, 1),
        fc.constantFrom(MIB - 1, MIB + 1, large.byteLength),
        fc.array(fc.nat(large.byteLength), { maxLength: 20 }),
        async (level, size, at) => {
          const content = large.subarray(0, size)
          const sorted = [0, ...at.map((cut) => cut % size), size].toSorted((a, b) => a - b)
          const parts = sorted.slice(1).map((end, index) => content.subarray(sorted[index], end))
          const packed = await pack(chunks(...parts), level)
          const key = `${level} ${size}`
          expect(Buffer.compare(packed, expected.get(key) ?? packed)).toBe(0)
          expected.set(key, packed)
          const unpacked = await readAll(decompress(pieces(packed, 100_000), { limitBytes: size }))
          expect(Buffer.compare(unpacked, content)).toBe(0)
        },
      ),
      { numRuns: 8 },
    )
  })

  test('is the same however busy the pool is and however many threads it has', async () => {
    const alone = await pack(pieces(large, 65_536))
    const together = await Promise.all([1000, 3 * MIB].map(async (cut) => await pack(pieces(large, cut))))
    for (const packed of together) expect(Buffer.compare(packed, alone)).toBe(0)
    for (const threads of ['1', '16']) {
      vi.stubEnv('UV_THREADPOOL_SIZE', threads)
      expect(Buffer.compare(await pack(pieces(large, 65_536)), alone)).toBe(0)
    }
  })

  test('leaves a thread of the pool to others, whoever packs', async () => {
    await Promise.all(Array.from({ length: 3 }, async () => await pack(pieces(large, MIB))))
    expect(running.most).toBeLessThanOrEqual(3)
  })

  test('reads no further ahead than some blocks', async () => {
    running.slow = true
    const body = tracked(endless(megabyte))
    const packed = compress(body, { format: 'gzip', level: 1 })
    await packed.next()
    for (let turns = 0; turns < 3; turns += 1) await turn()
    expect(body.pulled).toBeLessThanOrEqual(2 * 3 + 2)
    await packed.return(undefined)
    expect(body.closed).toBe(true)
    expect(running.now).toBe(0)
  })

  test('leaves nothing running when it is left', async () => {
    running.slow = true
    const packed = compress(pieces(Buffer.concat(Array.from({ length: 20 }, () => large)), MIB), {
      format: 'gzip',
      level: 1,
    })
    await packed.next()
    const { all } = running
    expect(all).toBeGreaterThan(1)
    await packed.return(undefined)
    expect(running.now).toBe(0)
    await turn()
    expect(running.all).toBe(all)
  })

  test('leaves nothing running when the body fails, whose failure comes through', async () => {
    const failure = new Error('connection reset')
    expect(await rejection(collect(compress(chunks(large, large, failure), { format: 'gzip' })))).toBe(failure)
    expect(running.now).toBe(0)
    await turn() // a late failure of a block would be unhandled here
  })

  test('a failure to pack comes through and closes the body', async () => {
    running.failAt = 3
    const body = tracked(endless(megabyte))
    expect(await rejection(collect(compress(body, { format: 'gzip', level: 1 })))).toMatchObject({
      message: 'no memory',
    })
    expect(body.closed).toBe(true)
    expect(running.now).toBe(0)
  })
})
