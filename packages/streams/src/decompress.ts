import { ImageError } from '@crossdock/core'
import { chunksOf, closeQuietly, createByteReader, type ByteReader } from './byte-reader.ts'
import { recycle } from './chunk-pool.ts'
import { coalesce } from './coalesce.ts'
import { delay } from './delay.ts'
import { COMPRESSION_HEAD_BYTES, detectCompression } from './detect-compression.ts'
import { createDecoder, decodeSmallFrame, type Codec } from './node-zlib.ts'
import { zstdFrames, type FramePiece } from './zstd-frames.ts'

export interface DecompressOptions {
  /** The most bytes that may come out. */
  readonly limitBytes: number
  /**
   * How many times larger than what went in the output may be, judged beyond its first 128 MiB. Default: 1100, which gzip
   * cannot exceed: it packs no tighter than 1032 to 1. `Infinity` leaves `limitBytes` alone to judge.
   */
  readonly ratioLimit?: number | undefined
}

const DEFAULT_RATIO_LIMIT = 1100
const RATIO_FREE_BYTES = 128 * 1024 * 1024
// A write to a decoder costs a turn of the thread pool: a third of the speed with the 16 KiB that TLS delivers.
const PACKED_CHUNK_BYTES = 128 * 1024
const SMALL_FRAME_BYTES = 64 * 1024
const SMALL_CONTENT_BYTES = 256 * 1024
const SMALL_FRAMES_PER_TURN = 256

/**
 * Unpacks gzip (all members), zstd (all frames), bzip2 and xz (all streams), known by their first bytes; anything else
 * passes as it is. The body is read to its end, so that whoever verifies it below has seen all of it.
 *
 * gzip and zstd are unpacked in the thread pool; bzip2 and xz on this thread, at a tenth of the speed, and others have their
 * turn every few milliseconds.
 *
 * Throws `LIMIT_EXCEEDED` for output beyond `limitBytes` or the ratio, for a zstd window above 128 MiB and an xz dictionary
 * above 64 MiB, `INVALID_DATA` for damaged or cut data and for what is no padding behind its end, `UNSUPPORTED` for xz data
 * with other filters than LZMA2 or with a check that cannot be verified, and for bzip2 data with randomised blocks.
 */
export async function* decompress(
  body: AsyncIterable<Uint8Array>,
  options: DecompressOptions,
): AsyncGenerator<Uint8Array> {
  const reader = createByteReader(coalesce(body, PACKED_CHUNK_BYTES))
  try {
    yield* bounded(reader, await unpack(reader), options)
  } finally {
    await closeQuietly(reader)
  }
}

async function unpack(reader: ByteReader): Promise<AsyncGenerator<Uint8Array>> {
  await reader.fill(COMPRESSION_HEAD_BYTES)
  const compression = detectCompression(reader.buffered)
  if (compression === 'gzip') return gunzip(reader)
  if (compression === 'zstd') return unzstd(reader)
  // Rare, and code of our own: loaded when there is such data.
  if (compression === 'bzip2') return (await import('./bzip2.ts')).bunzip2(reader)
  if (compression === 'xz') return (await import('./xz.ts')).unxz(reader)
  return chunksOf(reader)
}

async function* gunzip(reader: ByteReader): AsyncGenerator<Uint8Array> {
  const decoder = createDecoder('gzip')
  try {
    let unused = 0
    for await (const chunk of chunksOf(reader)) {
      yield* decoder.write(chunk)
      const surplus = decoder.unused - unused
      unused = decoder.unused
      if (surplus > 0) checkPadding(reader, chunk.subarray(chunk.byteLength - surplus))
      recycle(chunk)
    }
    yield* decoder.end()
  } finally {
    decoder.close()
  }
}

/** Tapes and some tools fill up with zero bytes; anything else behind the end is damage or contraband. */
function checkPadding(reader: ByteReader, bytes: Uint8Array): void {
  if (bytes.every((byte) => byte === 0)) return
  throw new ImageError('INVALID_DATA', `something that is not gzip follows the gzip data, before byte ${reader.taken}`)
}

async function* unzstd(reader: ByteReader): AsyncGenerator<Uint8Array> {
  let decoder: Codec | undefined
  let smallFrames = 0
  try {
    for await (const piece of zstdFrames(reader)) {
      if (isSmallFrame(piece)) {
        const bytes = decodeSmallFrame(piece.bytes, piece.contentSize)
        if (bytes.byteLength > 0) yield bytes
        smallFrames += 1
        // Those are decoded on this thread: let others have their turn.
        if (smallFrames % SMALL_FRAMES_PER_TURN === 0) await delay(0)
        continue
      }
      decoder ??= createDecoder('zstd')
      yield* decoder.write(piece.bytes)
      if (!piece.last) continue
      yield* decoder.end()
      decoder.close()
      decoder = undefined
    }
  } finally {
    decoder?.close()
  }
}

function isSmallFrame(piece: FramePiece): piece is FramePiece & { readonly contentSize: number } {
  if (!piece.first || !piece.last || piece.contentSize === undefined) return false
  return piece.bytes.byteLength <= SMALL_FRAME_BYTES && piece.contentSize <= SMALL_CONTENT_BYTES
}

async function* bounded(
  reader: ByteReader,
  unpacked: AsyncGenerator<Uint8Array>,
  { limitBytes, ratioLimit = DEFAULT_RATIO_LIMIT }: DecompressOptions,
): AsyncGenerator<Uint8Array> {
  let size = 0
  for await (const chunk of unpacked) {
    size += chunk.byteLength
    if (size > limitBytes) {
      throw new ImageError('LIMIT_EXCEEDED', `the data unpacks to more than the ${limitBytes} bytes that are accepted`)
    }
    if (size > RATIO_FREE_BYTES && size > reader.taken * ratioLimit) {
      throw new ImageError(
        'LIMIT_EXCEEDED',
        `${reader.taken} packed bytes unpack to ${size} or more, over ${ratioLimit} times as many: this looks like an attack`,
      )
    }
    yield chunk
  }
}
