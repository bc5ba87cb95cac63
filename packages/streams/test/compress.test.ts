import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compress, decompress } from '../src/index.ts'
import { bytes, collect, endless, noise, pieces, readAll, rejection, tracked } from './bodies.ts'

const formats = ['gzip', 'zstd'] as const
const text = Buffer.from(Array.from({ length: 30_000 }, (_, line) => `line ${line * 7919} of a file\n`).join(''))

describe.each(formats)('compress to %s', (format) => {
  test('can be read by others', async () => {
    const packed = await readAll(compress(pieces(text, 10_000), { format }))
    expect(packed.byteLength).toBeLessThan(text.byteLength / 2)
    const unpacked = format === 'gzip' ? gunzipSync(packed) : zstdDecompressSync(packed)
    expect(Buffer.compare(unpacked, text)).toBe(0)
  })

  test('comes back as it was', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), fc.integer({ min: 1, max: 999 }), async (content, cut) => {
        const packed = await readAll(compress(pieces(content, cut), { format }))
        expect(Buffer.compare(await readAll(decompress(pieces(packed, cut), { limitBytes: 5000 })), content)).toBe(0)
      }),
      { numRuns: 30 },
    )
  })

  test('the cut of the input does not change the result', async () => {
    const [a, b] = [
      await readAll(compress(pieces(text, 7), { format })),
      await readAll(compress(pieces(text, 1e6), { format })),
    ]
    expect(Buffer.compare(a, b)).toBe(0)
  })

  test('gives chunks of at least 256 KiB', async () => {
    const body = pieces(noise(5_000_000), 65_536)
    const sizes = (await collect(compress(body, { format, level: 1 }))).map((chunk) => chunk.byteLength)
    expect(sizes.length).toBeGreaterThan(1)
    expect(sizes.slice(0, -1).every((size) => size >= 256 * 1024)).toBe(true)
  })

  test('a higher level is smaller', async () => {
    // Sentences of few words, as code and configuration have them.
    const words = Array.from(noise(60_000, 40), (word: number) => `${'abcdefghij'.slice(word % 7)}${word} `).join('')
    const sizeAt = async (level: number): Promise<number> =>
      (await readAll(compress(pieces(bytes(words), 65_536), { format, level }))).byteLength
    expect(await sizeAt(9)).toBeLessThan((await sizeAt(1)) * 0.97)
  })

  test.each([-1, 1.5, 20, Number.NaN])('refuses the level %d', (level) => {
    expect(() => compress(pieces(text, 10), { format, level })).toThrow(`${format} has no compression level ${level}`)
  })

  test('leaving early closes the body', async () => {
    // More than a window remembers, so that it does not take gigabytes to fill the first chunk.
    const body = tracked(endless(noise(1_000_000)))
    for await (const _chunk of compress(body, { format, level: 1 })) break
    expect(body.closed).toBe(true)
  })

  test('what the body throws comes through as it is', async () => {
    const failure = new Error('connection reset')
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield text
      throw failure
    }
    expect(await rejection(collect(compress(failing(), { format })))).toBe(failure)
  })
})

test('a gzip header carries neither time nor system', async () => {
  const packed = await readAll(compress(pieces(bytes('x'), 1), { format: 'gzip' }))
  expect([...packed.subarray(4, 8), packed[9]]).toEqual([0, 0, 0, 0, 255])
})

test('zstd is packed in frames of 4 MiB, each with its size, that are read as one content', async () => {
  const content = noise(5_000_000, 40)
  const packed = await readAll(compress(pieces(content, 65_536), { format: 'zstd', level: 1 }))
  const frames = await readAll(
    compress(pieces(content.subarray(0, 4 * 1024 * 1024), 999_999), { format: 'zstd', level: 1 }),
  )
  expect(packed.subarray(0, frames.byteLength).equals(frames)).toBe(true)
  const rest = zstdDecompressSync(packed.subarray(frames.byteLength))
  expect(Buffer.concat([zstdDecompressSync(frames), rest]).equals(content)).toBe(true)
  const sizeField = 0b1110_0000 // 4 bytes of content size, in a single segment or not
  expect(packed[4]! & sizeField).not.toBe(0)
})

test('zstd carries a checksum', async () => {
  const packed = await readAll(compress(pieces(text, 1000), { format: 'zstd' }))
  expect(packed[4]! & 0b100).toBe(0b100)
})
