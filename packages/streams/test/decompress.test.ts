import { createGzip, gzipSync } from 'node:zlib'
import { ImageError } from '@crossdock/core'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decompress } from '../src/index.ts'
import {
  bytes,
  chunks,
  collect,
  countBytes,
  endless,
  noise,
  pieces,
  readAll,
  rejection,
  tracked,
  turn,
} from './bodies.ts'
import { packedSample } from './packed-samples.ts'
import { MAGIC, repeating, skippable, zstd, zstdWithChecksum } from './zstd-samples.ts'

const text = Buffer.from(Array.from({ length: 3000 }, (_, line) => `line ${line} of a file\n`).join(''))
const mixed = noise(200_000, 90)
/** Does not pack. */
const random = noise(200_000)
/** Each large enough to be handed to the decoder as one chunk. */
const large = [gzipSync(random), zstd(random), repeating(50_000), random]
const limits = { limitBytes: 1e9 }

async function unpack(packed: Uint8Array, cut = 65_536): Promise<Buffer> {
  return await readAll(decompress(pieces(packed, cut), limits))
}

const good: readonly (readonly [string, Uint8Array, Buffer])[] = [
  ['gzip', gzipSync(text), text],
  ['gzip of nothing', gzipSync(''), Buffer.alloc(0)],
  ['gzip, two members', Buffer.concat([gzipSync(text), gzipSync('more')]), Buffer.concat([text, Buffer.from('more')])],
  ['gzip, an empty member first', Buffer.concat([gzipSync(''), gzipSync(text)]), text],
  ['gzip with zero padding', Buffer.concat([gzipSync(text), Buffer.alloc(1000)]), text],
  ['zstd', zstd(text), text],
  ['zstd of many blocks', zstd(mixed), mixed],
  ['zstd with checksum', zstdWithChecksum(text), text],
  ['zstd of nothing', zstd(Buffer.alloc(0)), Buffer.alloc(0)],
  ['zstd, two frames', Buffer.concat([zstd(text), zstdWithChecksum(mixed)]), Buffer.concat([text, mixed])],
  ['zstd, a skippable frame first', Buffer.concat([skippable(bytes('meta')), zstd(text)]), text],
  ['zstd, skippable frames around', Buffer.concat([skippable(mixed, 3), zstd(text), skippable(bytes(''), 15)]), text],
  ['zstd, only a skippable frame', skippable(bytes('meta')), Buffer.alloc(0)],
  ['zstd without content size', repeating(3), Buffer.alloc(3 * 128 * 1024)],
  ['not packed', text, text],
  ['nothing', Buffer.alloc(0), Buffer.alloc(0)],
  ['one byte', Buffer.of(0x1f), Buffer.of(0x1f)],
]

describe('decompress', () => {
  test.each(good)('%s', async (_name, packed, content) => {
    expect(Buffer.compare(await unpack(packed), content)).toBe(0)
  })

  test.each(good)('%s, cut anywhere', async (_name, packed, content) => {
    const cuts = fc.array(fc.nat(packed.byteLength), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(cuts, async (at) => {
        const sorted = [0, ...at, packed.byteLength].toSorted((a, b) => a - b)
        const parts = sorted.slice(1).map((end, index) => packed.subarray(sorted[index], end))
        expect(Buffer.compare(await readAll(decompress(chunks(...parts), limits)), content)).toBe(0)
      }),
      { numRuns: 15 },
    )
  })

  test.each([gzipSync('a line of text'), zstd(bytes('a line of text')), repeating(2)])(
    'byte by byte (%#)',
    async (packed) => {
      expect(Buffer.compare(await unpack(packed, 1), await unpack(packed))).toBe(0)
    },
  )

  test.each([
    ['gzip', gzipSync(text)],
    ['zstd', zstdWithChecksum(text)],
    ['two zstd frames', Buffer.concat([zstd(text), skippable(bytes('meta')), zstdWithChecksum(text)])],
  ])('%s cut off anywhere within is refused', async (_name, packed) => {
    const boundaries = new Set([packed.byteLength, zstd(text).byteLength, zstd(text).byteLength + 12])
    const ends = fc.integer({ min: 6, max: packed.byteLength - 1 }).filter((end) => !boundaries.has(end))
    await fc.assert(
      fc.asyncProperty(ends, fc.constantFrom(1000, 65_536), async (end, cut) => {
        expect(await rejection(unpack(packed.subarray(0, end), cut))).toMatchObject({ code: 'INVALID_DATA' })
      }),
      { numRuns: 60 },
    )
  })

  test.each([
    ['gzip checksum', flip(gzipSync(text), -6)],
    ['gzip of text', Buffer.from([0x1f, 0x8b, ...bytes('not really gzip')])],
    ['gzip, then junk', Buffer.concat([gzipSync(text), bytes('junk')])],
    ['gzip, then zeros, then junk', Buffer.concat([gzipSync(text), Buffer.alloc(20), bytes('junk')])],
    ['gzip, then zeros, then gzip', Buffer.concat([gzipSync(text), Buffer.alloc(20), gzipSync(text)])],
    ['zstd checksum', flip(zstdWithChecksum(text), -1)],
    ['zstd, then junk', Buffer.concat([zstd(text), bytes('junkjunkjunkjunkjunk')])],
    ['zstd, then a little junk', Buffer.concat([zstd(text), bytes('j')])],
    ['zstd, reserved bit', Buffer.from([...MAGIC, 0b1000, 0x38, 1, 0, 0])],
    ['zstd, reserved block type', Buffer.from([...MAGIC, 0, 0x38, 0b111, 0, 0])],
    ['zstd, a block too large', Buffer.from([...MAGIC, 0, 0x38, 0xff & ~0b110, 0xff, 0xff])],
    ['zstd, less content than declared', Buffer.from([...MAGIC, 0x20, 5, 0b1001, 0, 0, 65])],
    ['zstd, more content than declared', Buffer.from([...MAGIC, 0x20, 1, 0b10001, 0, 0, 65, 66])],
    ['zstd, a cut skippable frame', skippable(bytes('meta')).subarray(0, 10)],
  ])('%s is refused', async (_name, packed) => {
    for (const cut of [1, 7, 65_536]) {
      expect(await rejection(unpack(packed, cut))).toMatchObject({ code: 'INVALID_DATA' })
    }
  })

  test('random damage never passes for another error or a crash', async () => {
    const samples = fc.constantFrom(
      gzipSync(text),
      zstdWithChecksum(text),
      Buffer.concat([zstd(text), zstdWithChecksum(mixed)]),
      packedSample('streams-padded.xz'),
      packedSample('streams.bz2'),
    )
    await fc.assert(
      fc.asyncProperty(samples, fc.nat(), fc.integer({ min: 1, max: 255 }), async (sample, position, change) => {
        const damaged = Buffer.from(sample)
        damaged[position % damaged.byteLength]! ^= change
        const [result] = await Promise.allSettled([unpack(damaged, 1000)])
        expect(result.status === 'fulfilled' || result.reason instanceof ImageError).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  test('what the body throws comes through as it is', async () => {
    const failure = new Error('connection reset')
    for (const packed of [gzipSync(mixed), zstd(mixed), mixed]) {
      const body = decompress(chunks(packed.subarray(0, 1000), failure), limits)
      expect(await rejection(collect(body))).toBe(failure)
    }
  })

  test('leaving early closes the body and reads no further', async () => {
    for (const packed of large) {
      const body = tracked(Array.from({ length: 100 }, () => packed))
      for await (const _chunk of decompress(body, limits)) break
      expect(body.closed).toBe(true)
      expect(body.pulled).toBe(1)
    }
    await turn() // a late error of a decoder would be unhandled here
  })

  test('a refusal closes the body', async () => {
    for (const head of ['BZh9xxxxxxxxxxxxxxxx', '\u{fd}7zXZ\0xxxxxxxxxxxxxx']) {
      const body = tracked([Buffer.from(head, 'latin1'), noise(1_000_000), bytes('rest')])
      expect(await rejection(collect(decompress(body, limits)))).toMatchObject({ code: 'INVALID_DATA' })
      expect(body.closed).toBe(true)
      expect(body.pulled).toBeLessThan(3)
    }
  })

  test('reads the body to its end, behind the end of the data too', async () => {
    const body = tracked([gzipSync('x'), new Uint8Array(5), new Uint8Array(5)])
    expect(String(await readAll(decompress(body, limits)))).toBe('x')
    expect(body.pulled).toBe(3)
  })

  test('takes no more of the body than its consumer asked for', async () => {
    for (const packed of large) {
      const body = tracked(Array.from({ length: 50 }, () => packed))
      const unpacked = decompress(body, limits)
      await unpacked.next()
      for (let turns = 0; turns < 20; turns += 1) await turn()
      expect(body.pulled).toBe(1)
      await unpacked.return(undefined)
    }
  })
})

describe('limits of decompress', () => {
  test('output beyond limitBytes is refused as it comes', async () => {
    for (const packed of [
      gzipSync(Buffer.alloc(10_000_000)),
      zstd(Buffer.alloc(10_000_000)),
      Buffer.concat([packedSample('zeros.xz'), packedSample('zeros.xz')]),
      Buffer.concat([packedSample('zeros.bz2'), packedSample('zeros.bz2')]),
      Buffer.alloc(1_000_001),
    ]) {
      const delivered: number[] = []
      const run = (async () => {
        for await (const chunk of decompress(pieces(packed, 65_536), { limitBytes: 1_000_000 })) {
          delivered.push(chunk.byteLength)
        }
      })()
      expect(await rejection(run)).toMatchObject({ code: 'LIMIT_EXCEEDED' })
      expect(delivered.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(1_000_000)
    }
  })

  test('exactly limitBytes pass', async () => {
    expect((await readAll(decompress(pieces(gzipSync(text), 100), { limitBytes: text.byteLength }))).byteLength).toBe(
      text.byteLength,
    )
  })

  test('an endless bomb is refused by its ratio, with little memory', async () => {
    const before = process.memoryUsage.rss()
    const run = (async () => {
      for await (const _chunk of decompress(endlessBomb(), { limitBytes: 1e15 })) void _chunk
    })()
    const error = await rejection(run)
    expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED' })
    expect(String(error)).toContain('over 1100 times as many')
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 * 1024 * 1024)
  })

  test('large sparse files stay accepted: gzip by default, zstd up to 128 MiB or with another ratio', async () => {
    const zeros = 160 * 1024 * 1024
    const gzip = createGzip({ level: 1 })
    const zero = Buffer.alloc(1024 * 1024)
    void (async () => {
      for (let left = zeros; left > 0; left -= zero.byteLength) {
        if (!gzip.write(zero)) await new Promise((resolve) => gzip.once('drain', resolve))
      }
      gzip.end()
    })()
    expect(await countBytes(decompress(gzip, limits))).toBe(zeros)
    expect(await countBytes(decompress(pieces(repeating(1024), 1000), limits))).toBe(128 * 1024 * 1024)
    const packed = pieces(repeating(1280), 1000)
    expect(await countBytes(decompress(packed, { ...limits, ratioLimit: Infinity }))).toBe(zeros)
  })

  test('a window above 128 MiB is refused, of 128 MiB accepted', async () => {
    // RFC 8878, section 3.1.1.1.2: exponent 17 is 128 MiB, 21 is 2 GiB.
    expect((await readAll(decompress(pieces(repeating(1, 17 << 3), 50), limits))).byteLength).toBe(128 * 1024)
    for (const windowByte of [(17 << 3) | 1, 21 << 3, 0xff]) {
      const error = await rejection(collect(decompress(pieces(repeating(1, windowByte), 50), limits)))
      expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED' })
      expect(String(error)).toContain('window')
    }
  })

  test('a single segment that says it has 4 EiB is refused before it is decoded', async () => {
    const frame = Buffer.from([...MAGIC, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0x40, 1, 0, 0])
    expect(await rejection(collect(decompress(pieces(frame, 50), limits)))).toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })

  test('thousands of small frames leave others their turn', async () => {
    const frame = zstd(bytes('x'))
    let turns = 0
    const timer = setInterval(() => (turns += 1), 0)
    const body = decompress(chunks(Buffer.concat(Array.from({ length: 5000 }, () => frame))), limits)
    expect((await readAll(body)).byteLength).toBe(5000)
    clearInterval(timer)
    expect(turns).toBeGreaterThan(5)
  })
})

async function* endlessBomb(): AsyncGenerator<Uint8Array> {
  // Blocks of four bytes for 128 KiB that never end.
  const frame = repeating(2)
  yield frame.subarray(0, 10)
  yield* endless(frame.subarray(6, 10))
}

function flip(packed: Buffer, at: number): Buffer {
  const damaged = Buffer.from(packed)
  damaged[damaged.byteLength + at]! ^= 0xff
  return damaged
}
