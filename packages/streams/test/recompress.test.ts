import { createGzip, gzipSync, gunzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type * as Core from '@crossdock/core'
import { digestOf } from '@crossdock/core'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { compress, recompress, verifyBlob, type RecompressOptions } from '../src/index.ts'
import type * as NodeZlib from '../src/node-zlib.ts'
import { chunks, collect, endless, noise, pieces, readAll, rejection, tracked, turn } from './bodies.ts'
import { contents, packedSample } from './packed-samples.ts'

/** Bytes that went through any hasher. */
const hashed = vi.hoisted(() => ({ bytes: 0 }))

vi.mock('@crossdock/core', async (original) => {
  const real = await original<typeof Core>()
  return {
    ...real,
    createHasher(...input: Parameters<typeof real.createHasher>) {
      const hasher = real.createHasher(...input)
      return {
        ...hasher,
        update(bytes: Uint8Array) {
          hashed.bytes += bytes.byteLength
          hasher.update(bytes)
        },
      }
    },
  }
})

/** Decoders that were not closed. */
const decoders = vi.hoisted(() => ({ open: 0 }))

vi.mock('../src/node-zlib.ts', async (original) => {
  const real = await original<typeof NodeZlib>()
  return {
    ...real,
    createDecoder(...input: Parameters<typeof real.createDecoder>) {
      const decoder = real.createDecoder(...input)
      decoders.open += 1
      const { close } = decoder
      return Object.assign(decoder, {
        close() {
          decoders.open -= 1
          close()
        },
      })
    },
  }
})

beforeEach(() => {
  hashed.bytes = 0
})
afterEach(() => {
  if (decoders.open !== 0) throw new Error(`${decoders.open} decoders were not closed`)
})

const { text } = contents
const limits = { limitBytes: 1e7 }
const diffId = digestOf(text)
const sources = {
  none: text,
  gzip: gzipSync(text),
  zstd: zstdCompressSync(text),
  bzip2: packedSample('text.bz2'),
  xz: packedSample('text-crc64.xz'),
} as const
const formats = ['none', 'gzip', 'zstd'] as const
const pairs = Object.entries(sources).flatMap(([from, packed]) => formats.map((to) => [from, to, packed] as const))

function unpack(to: (typeof formats)[number], packed: Buffer): Buffer {
  if (to === 'none') return packed
  return to === 'gzip' ? gunzipSync(packed) : zstdDecompressSync(packed)
}

async function run(source: AsyncIterable<Uint8Array>, options: Omit<RecompressOptions, 'limits'>) {
  const { body, result } = recompress(source, { limits, ...options })
  const packed = await readAll(body)
  return { packed, ...(await result) }
}

describe('recompress', () => {
  test.each(pairs)('from %s to %s', async (from, to, source) => {
    const { packed, ...known } = await run(pieces(source, 1000), { to })
    expect(Buffer.compare(unpack(to, packed), text)).toBe(0)
    expect(known).toEqual({
      digest: digestOf(packed),
      size: packed.byteLength,
      from,
      unchanged: from === to,
      unpacked: { diffId, size: text.byteLength },
    })
    expect(packed.equals(source)).toBe(from === to)
  })

  test.each(pairs)('from %s to %s hashes no byte twice', async (from, to, source) => {
    const { size } = await run(pieces(source, 1000), { to })
    // Hashing of the sizes of xz blocks, in index and blocks.
    const ofFormat = from === 'xz' ? 32 : 0
    expect(hashed.bytes).toBe(ofFormat + text.byteLength + (to === 'none' ? 0 : size))
  })

  test.each(pairs)('from %s to %s with a verified source hashes it once', async (from, to, source) => {
    const sourceDigest = digestOf(source)
    const verified = verifyBlob(pieces(source, 1000), { digest: sourceDigest, size: source.byteLength })
    const known = await run(verified, { to, sourceDigest })
    expect(known).toMatchObject({ digest: digestOf(known.packed), unpacked: { diffId } })
    const ofFormat = from === 'xz' ? 32 : 0
    const ofContent = from === 'none' ? 0 : text.byteLength
    const ofResult = to === from || to === 'none' ? 0 : known.size
    expect(hashed.bytes).toBe(source.byteLength + ofFormat + ofContent + ofResult)
  })

  test('without a diff ID, what is not changed is neither unpacked nor hashed', async () => {
    const damaged = Buffer.concat([sources.gzip.subarray(0, 50), noise(1000)])
    const sourceDigest = digestOf(damaged)
    const known = await run(pieces(damaged, 70), { to: 'gzip', sourceDigest, diffId: false })
    expect(known).toMatchObject({
      digest: sourceDigest,
      size: damaged.byteLength,
      unchanged: true,
      unpacked: undefined,
    })
    expect(hashed.bytes).toBe(0)
    for (const to of formats)
      expect((await run(pieces(sources.xz, 70), { to, diffId: false })).unpacked).toBeUndefined()
  })

  test('packs afresh on demand, with the level', async () => {
    const weak = gzipSync(contents.lines, { level: 1 })
    const { packed, unchanged } = await run(pieces(weak, 1000), { to: 'gzip', level: 9, repack: true })
    expect(unchanged).toBe(false)
    expect(packed.byteLength).toBeLessThan(weak.byteLength * 0.96)
    const direct = await readAll(compress(pieces(contents.lines, 777), { format: 'gzip', level: 9 }))
    expect(Buffer.compare(packed, direct)).toBe(0)
    expect((await run(pieces(weak, 1000), { to: 'gzip', level: 9 })).unchanged).toBe(true)
    expect((await run(pieces(text, 1000), { to: 'none', repack: true })).unchanged).toBe(true)
  })

  test('computes with another algorithm', async () => {
    const { packed, digest, unpacked } = await run(pieces(sources.gzip, 1000), { to: 'zstd', algorithm: 'sha512' })
    expect(digest).toBe(digestOf(packed, 'sha512'))
    expect(unpacked?.diffId).toBe(digestOf(text, 'sha512'))
  })

  test('any content, any way', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 3000 }),
        fc.integer({ min: 1, max: 999 }),
        fc.constantFrom(...formats),
        fc.constantFrom(...formats),
        async (content, cut, from, to) => {
          const plain = Buffer.concat([Buffer.from('plain '), content])
          const source = from === 'none' ? plain : from === 'gzip' ? gzipSync(plain) : zstdCompressSync(plain)
          const { packed, digest, unpacked } = await run(pieces(source, cut), { to })
          expect(Buffer.compare(unpack(to, packed), plain)).toBe(0)
          expect([digest, unpacked?.diffId]).toEqual([digestOf(packed), digestOf(plain)])
        },
      ),
      { numRuns: 30 },
    )
  })

  test('of nothing', async () => {
    const known = await run(chunks(), { to: 'none' })
    expect(known).toMatchObject({ size: 0, digest: digestOf(Buffer.alloc(0)), from: 'none', unchanged: true })
    expect(gunzipSync((await run(chunks(new Uint8Array(0)), { to: 'gzip' })).packed).byteLength).toBe(0)
  })

  test('refuses a level that the format does not have before anything is read', () => {
    expect(() => recompress(chunks(), { to: 'gzip', level: 10, limits })).toThrow('gzip has no compression level 10')
  })
})

describe('the result of recompress', () => {
  test.each([
    ['packed afresh', 'zstd'],
    ['unpacked', 'none'],
    ['passed on', 'gzip'],
  ] as const)('fails with what the body throws: %s', async (_name, to) => {
    const failure = new Error('connection reset')
    const { body, result } = recompress(chunks(sources.gzip.subarray(0, 1000), failure), { to, limits })
    expect(await rejection(collect(body))).toBe(failure)
    expect(await rejection(result)).toBe(failure)
  })

  test.each(['zstd', 'none', 'gzip'] as const)('fails with what is wrong with the data, to %s', async (to) => {
    for (const [packed, code] of [
      [sources.gzip.subarray(0, 1000), 'INVALID_DATA'],
      [gzipSync(Buffer.alloc(20_000_000)), 'LIMIT_EXCEEDED'],
    ] as const) {
      const source = tracked([packed])
      const { body, result } = recompress(source, { to, limits })
      const error = await rejection(collect(body))
      expect(error).toMatchObject({ code })
      expect(await rejection(result)).toBe(error)
      expect(source.closed).toBe(true)
    }
  })

  test('nobody has to look at a failure', async () => {
    for (const to of formats) {
      const { body } = recompress(chunks(sources.gzip.subarray(0, 1000)), { to, limits })
      expect(await rejection(collect(body))).toMatchObject({ code: 'INVALID_DATA' })
    }
    await turn() // it would be unhandled here
  })

  test.each(formats)('says that the body was left, and what is behind it is closed, to %s', async (to) => {
    const gzip = tracked(endless(gzipSync(noise(1_000_000))))
    const { body, result } = recompress(gzip, { to, limits: { limitBytes: 1e12 } })
    for await (const _chunk of body) break
    expect(gzip.closed).toBe(true)
    const error = await rejection(result)
    expect(error).toMatchObject({ code: 'IO', retryable: false })
    expect(String(error)).toContain('left before its end')
    await turn()
  })

  test('what passes goes on as it comes, with little memory', async () => {
    const gzip = createGzip({ level: 1 })
    const source = (async function* (): AsyncGenerator<Uint8Array> {
      for (let left = 60; left > 0; left -= 1) gzip.write(Buffer.alloc(1_000_000, left))
      gzip.end()
      yield* gzip
    })()
    const { body, result } = recompress(source, { to: 'gzip', limits: { limitBytes: 1e9 } })
    await collect(body)
    expect((await result).unpacked?.size).toBe(60_000_000)
  })
})
