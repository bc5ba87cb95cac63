import { createHasher, ImageError, type Digest, type DigestAlgorithm } from '@crossdock/core'
import { chunksOf, closeQuietly, createByteReader } from './byte-reader.ts'
import { compress, compressionLevel } from './compress.ts'
import { decompress, type DecompressOptions } from './decompress.ts'
import { COMPRESSION_HEAD_BYTES, detectCompression, type Compression } from './detect-compression.ts'
import type { DiffId } from './diff-id.ts'
import type { CompressionFormat } from './node-zlib.ts'
import { passDiffId } from './pass-diff-id.ts'

export interface RecompressOptions {
  readonly to: CompressionFormat | 'none'
  /** As in `compress`; not used for `none`. */
  readonly level?: number | undefined
  /** What unpacking may give. */
  readonly limits: DecompressOptions
  /**
   * The digest that the caller verifies `source` against, with `verifyBlob`. It is taken over for what is not changed, which
   * then is not hashed a second time; for a plain `source` it is the diff ID, too. Default: not known; everything is hashed
   * here.
   */
  readonly sourceDigest?: Digest | undefined
  /** For digests that are computed. Default: sha256. */
  readonly algorithm?: DigestAlgorithm | undefined
  /** Whether the result has `unpacked`. Without it, a body that is not changed is not unpacked either. Default: true. */
  readonly diffId?: boolean | undefined
  /** Whether a body in the wanted format is packed afresh, for another level. Default: false, it passes as it is. */
  readonly repack?: boolean | undefined
}

/** What is known of a body that went through. */
export interface Recompressed {
  /** Digest and size of the bytes that came out. */
  readonly digest: Digest
  readonly size: number
  /** What went in. */
  readonly from: Compression
  /** Whether what came out is, byte for byte, what went in. */
  readonly unchanged: boolean
  /** What both sides are without packing; undefined if it was not asked for. */
  readonly unpacked: DiffId | undefined
}

export interface Recompression {
  /** The new bytes, made as they are pulled. */
  readonly body: AsyncGenerator<Uint8Array>
  /**
   * Settles when `body` has ended: fails with what it threw, or with `IO` if it was left before its end. Nobody has to await
   * it; it stays pending if `body` is never pulled.
   */
  readonly result: Promise<Recompressed>
}

/**
 * Brings a body, packed in any way that `decompress` knows or not at all, into another packing, in one pass: bytes are
 * unpacked, packed and counted as they are pulled, and none is hashed twice. A body that is in the wanted format passes as
 * it is.
 *
 * Throws `UNSUPPORTED` for a level that the format does not have; `body` throws what {@link decompress} throws and what
 * `source` does.
 */
export function recompress(source: AsyncIterable<Uint8Array>, options: RecompressOptions): Recompression {
  if (options.to !== 'none') compressionLevel(options.to, options.level)
  const { promise, resolve, reject } = Promise.withResolvers<Recompressed>()
  promise.catch(() => {})

  async function* body(): AsyncGenerator<Uint8Array> {
    try {
      resolve(yield* repacked(source, options))
    } catch (error) {
      reject(error)
      throw error
    } finally {
      // Without effect unless the body was left.
      reject(new ImageError('IO', 'the packed body was left before its end: what it would have been is not known'))
    }
  }
  return { body: body(), result: promise }
}

async function* repacked(
  source: AsyncIterable<Uint8Array>,
  options: RecompressOptions,
): AsyncGenerator<Uint8Array, Recompressed> {
  const reader = createByteReader(source)
  try {
    await reader.fill(COMPRESSION_HEAD_BYTES)
    const from = detectCompression(reader.buffered)
    const content = chunksOf(reader)
    if (options.to === 'none') return yield* unpackOnly(content, { ...options, from })
    if (options.to === from && options.repack !== true) return yield* passOn(content, { ...options, from })
    return yield* packAfresh(content, { ...options, from, to: options.to })
  } finally {
    await closeQuietly(reader)
  }
}

interface Known extends RecompressOptions {
  readonly from: Compression
}

/** To plain bytes: what comes out is what the diff ID is of. */
async function* unpackOnly(
  content: AsyncIterable<Uint8Array>,
  options: Known,
): AsyncGenerator<Uint8Array, Recompressed> {
  const { from } = options
  const plain = plainMeter(options)
  yield* metered(decompress(content, options.limits), plain)
  const { digest, size } = plain.end()
  const unpacked = options.diffId === false ? undefined : { diffId: digest, size }
  return { digest, size, from, unchanged: from === 'none', unpacked }
}

async function* packAfresh(
  content: AsyncIterable<Uint8Array>,
  options: Known & { readonly to: CompressionFormat },
): AsyncGenerator<Uint8Array, Recompressed> {
  const { from, to: format, level, algorithm } = options
  const plain = options.diffId === false ? undefined : plainMeter(options)
  const packed = createMeter(algorithm)
  yield* metered(compress(metered(decompress(content, options.limits), plain), { format, level }), packed)
  const known = plain?.end()
  const unpacked = known === undefined ? undefined : { diffId: known.digest, size: known.size }
  return { ...packed.end(), from, unchanged: false, unpacked }
}

async function* passOn(content: AsyncIterable<Uint8Array>, options: Known): AsyncGenerator<Uint8Array, Recompressed> {
  const { from, algorithm, limits, sourceDigest } = options
  const packed = createMeter(algorithm, sourceDigest)
  const passing = metered(content, packed)
  const unpacked = options.diffId === false ? yield* passing : yield* passDiffId(passing, { ...limits, algorithm })
  return { ...packed.end(), from, unchanged: true, unpacked }
}

interface Meter {
  update(chunk: Uint8Array): void
  end(): { readonly digest: Digest; readonly size: number }
}

/** Of the unpacked bytes. */
function plainMeter({ from, algorithm, sourceDigest }: Known): Meter {
  return createMeter(algorithm, from === 'none' ? sourceDigest : undefined)
}

/** Counts, and hashes unless the digest is known. */
function createMeter(algorithm: DigestAlgorithm = 'sha256', known?: Digest): Meter {
  const hasher = known === undefined ? createHasher(algorithm) : { update: () => {}, digest: () => known }
  let size = 0
  return {
    update(chunk) {
      hasher.update(chunk)
      size += chunk.byteLength
    },
    end: () => ({ digest: hasher.digest(), size }),
  }
}

async function* metered(
  body: AsyncIterable<Uint8Array>,
  meter: Meter | undefined,
): AsyncGenerator<Uint8Array, undefined> {
  for await (const chunk of body) {
    meter?.update(chunk)
    yield chunk
  }
  return undefined
}
