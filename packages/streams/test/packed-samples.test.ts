import { ImageError } from '@crossdock/core'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decompress } from '../src/index.ts'
import { chunks, collect, pieces, readAll, rejection, tracked } from './bodies.ts'
import { contents, packedSample, samples } from './packed-samples.ts'

const limits = { limitBytes: 1e9 }

async function unpack(packed: Uint8Array, cut = 65_536): Promise<Buffer> {
  return await readAll(decompress(pieces(packed, cut), limits))
}

/** What comes out, or the code of the error. */
async function outcomeOf(packed: Uint8Array): Promise<unknown> {
  try {
    return await unpack(packed)
  } catch (error) {
    return error instanceof ImageError ? error.code : error
  }
}

function isHead(head: unknown, whole: Buffer): boolean {
  return Buffer.isBuffer(head) && whole.subarray(0, head.byteLength).equals(head)
}

describe('what other programs packed', () => {
  test.each(samples)('%s', async (name, content) => {
    expect(Buffer.compare(await unpack(packedSample(name)), content)).toBe(0)
  })

  test.each(samples)('%s, cut anywhere', async (name, content) => {
    const packed = packedSample(name)
    const cuts = fc.array(fc.nat(packed.byteLength), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(cuts, async (at) => {
        const sorted = [0, ...at, packed.byteLength].toSorted((a, b) => a - b)
        const parts = sorted.slice(1).map((end, index) => packed.subarray(sorted[index], end))
        expect(Buffer.compare(await readAll(decompress(chunks(...parts), limits)), content)).toBe(0)
      }),
      { numRuns: content.byteLength > 1e6 ? 1 : 4 },
    )
  })

  test.each(samples.filter(([, content]) => content.byteLength < 300_000))(
    '%s, byte by byte',
    async (name, content) => {
      expect(Buffer.compare(await unpack(packedSample(name), 1), content)).toBe(0)
    },
  )

  test.each(['small.xz', 'empty.xz', 'small.bz2', 'empty.bz2'])(
    '%s, cut off after any byte, is refused',
    async (name) => {
      const packed = packedSample(name)
      const once = await unpack(packed)
      for (let end = 6; end < packed.byteLength; end += 1) {
        expect([end, await outcomeOf(packed.subarray(0, end))]).toEqual([end, 'INVALID_DATA'])
        const second = Buffer.concat([packed, packed.subarray(0, end)])
        expect([end, await outcomeOf(second)]).toEqual([end, 'INVALID_DATA'])
      }
      expect(Buffer.compare(await unpack(Buffer.concat([packed, packed])), Buffer.concat([once, once]))).toBe(0)
    },
  )

  test.each(['blocks.xz', 'streams-padded.xz', 'noise.xz', 'twice.bz2', 'streams.bz2', 'lines-1.bz2'])(
    '%s cut off anywhere is never taken for whole',
    async (name) => {
      const packed = packedSample(name)
      const whole = await unpack(packed)
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 6, max: packed.byteLength - 1 }), async (end) => {
          // Between streams and in padding nothing is missing that could be missed.
          const outcome = await outcomeOf(packed.subarray(0, end))
          expect(outcome === 'INVALID_DATA' || isHead(outcome, whole)).toBe(true)
        }),
        { numRuns: 15 },
      )
    },
  )

  test.each(['small.xz', 'text-crc64.xz', 'empty.xz'])('%s with any bit flipped is refused', async (name) => {
    const packed = packedSample(name)
    const step = packed.byteLength < 200 ? 1 : 97
    for (let bit = 6 * 8; bit < packed.byteLength * 8; bit += step) {
      const code = await outcomeOf(flipped(packed, bit))
      expect([bit, code]).toEqual([bit, expect.stringMatching(/^(INVALID_DATA|UNSUPPORTED|LIMIT_EXCEEDED)$/)])
    }
  })

  test('text-none.xz with a bit flipped is refused unless only content changed', async () => {
    const packed = packedSample('text-none.xz')
    for (let bit = 6 * 8; bit < packed.byteLength * 8; bit += 197) {
      const outcome = await outcomeOf(flipped(packed, bit))
      const refused = outcome === 'INVALID_DATA' || outcome === 'UNSUPPORTED'
      expect(refused || (Buffer.isBuffer(outcome) && outcome.byteLength === contents.text.byteLength)).toBe(true)
    }
  })

  test.each(['small.bz2', 'text.bz2'])('%s with any bit flipped is refused or changes nothing', async (name) => {
    const packed = packedSample(name)
    const whole = await unpack(packed)
    const step = packed.byteLength < 200 ? 1 : 997
    let harmless = 0
    for (let bit = 3 * 8; bit < packed.byteLength * 8; bit += step) {
      const outcome = await outcomeOf(flipped(packed, bit))
      if (outcome === 'INVALID_DATA' || outcome === 'UNSUPPORTED') continue
      harmless += 1
      expect(outcome).toEqual(whole)
    }
    // Level, codes that no symbol uses, the last byte's padding.
    expect(harmless).toBeLessThan(40)
  })

  test.each(['text-crc64.xz', 'text.bz2', 'named.gz', 'frames.zst'])(
    '%s with junk behind it is refused',
    async (name) => {
      const packed = packedSample(name)
      for (const junk of ['j', 'junk', 'BZ', 'BZhx', '\u{1}'.repeat(4), '\0\0\0\0j', '\0\0\0\0junk']) {
        expect([junk, await outcomeOf(Buffer.concat([packed, Buffer.from(junk)]))]).toEqual([junk, 'INVALID_DATA'])
      }
    },
  )

  test.each(['lines-1.bz2', 'lc4-lp0-pb4.xz'])('%s: leaving early closes the body', async (name) => {
    const packed = packedSample(name)
    const body = tracked(Array.from({ length: 100 }, () => Buffer.concat([packed, packed, packed, packed, packed])))
    for await (const _chunk of decompress(body, limits)) break
    expect(body.closed).toBe(true)
    expect(body.pulled).toBeLessThan(3)
  })

  test.each(['lines-1.bz2', 'lc4-lp0-pb4.xz'])('%s: what the body throws comes through as it is', async (name) => {
    const failure = new Error('connection reset')
    const body = decompress(chunks(packedSample(name).subarray(0, 20_000), failure), limits)
    expect(await rejection(collect(body))).toBe(failure)
  })

  test.each(['lines-1.bz2', 'lc4-lp0-pb4.xz'])('%s leaves others their turn', async (name) => {
    const packed = packedSample(name)
    const often = Buffer.concat(Array.from({ length: 6 }, () => packed))
    let turns = 0
    const timer = setInterval(() => (turns += 1), 0)
    // In memory: the body itself gives no turn.
    await unpack(often, often.byteLength)
    clearInterval(timer)
    expect(turns).toBeGreaterThan(2)
  })
})

function flipped(packed: Buffer, bit: number): Buffer {
  const copy = Buffer.from(packed)
  copy[bit >> 3]! ^= 1 << (bit & 7)
  return copy
}
