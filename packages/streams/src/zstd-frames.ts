import { ImageError } from '@crossdock/core'
import type { ByteReader } from './byte-reader.ts'

/** The largest window that a zstd frame may ask for, in bytes: 128 MiB, what `zstd` itself decodes by default. */
const MAX_ZSTD_WINDOW_BYTES: number = 128 * 1024 * 1024

/** Consecutive bytes of one zstd frame; skippable frames are left out. */
export interface FramePiece {
  readonly bytes: Uint8Array
  readonly first: boolean
  readonly last: boolean
  /** Bytes that the frame says it unpacks to; undefined if it does not say. */
  readonly contentSize: number | undefined
}

interface FrameHeader {
  readonly headerBytes: number
  readonly windowBytes: number
  readonly contentSize: number | undefined
  readonly checksum: boolean
}

const FRAME_MAGIC = 0xfd2fb528
const SKIPPABLE_MAGIC = 0x184d2a50
const MAX_HEADER_BYTES = 18
const BLOCK_HEADER_BYTES = 3
const MAX_BLOCK_BYTES = 128 * 1024
const CHECKSUM_BYTES = 4

/**
 * Cuts zstd data (RFC 8878, section 3) at its frames, so that each gets a decoder of its own: node:zlib of Node 22 and 24
 * ends silently after the first frame, at a skippable one, and (22) at a truncated one. Throws `INVALID_DATA` for what is
 * not zstd or ends within a frame and `LIMIT_EXCEEDED` for a window above {@link MAX_ZSTD_WINDOW_BYTES}.
 */
export async function* zstdFrames(reader: ByteReader): AsyncGenerator<FramePiece> {
  while (await reader.fill(1)) {
    // A header may be shorter than the longest one: the check below says whether what is there is enough.
    await reader.fill(MAX_HEADER_BYTES)
    const magic = readLittleEndian(reader, 0, 4)
    if (magic - (magic % 16) === SKIPPABLE_MAGIC) await skipFrame(reader)
    else if (magic === FRAME_MAGIC) yield* framePieces(reader, readHeader(reader))
    else throw invalid(reader, 'no frame begins here')
  }
}

async function skipFrame(reader: ByteReader): Promise<void> {
  let left = 8 + readLittleEndian(reader, 4, 4)
  while (left > 0) {
    if (!(await reader.fill(1))) throw truncated(reader)
    left -= reader.take(Math.min(left, reader.buffered.byteLength)).byteLength
  }
}

/** RFC 8878, section 3.1.1.1. */
function readHeader(reader: ByteReader): FrameHeader {
  const descriptor = readLittleEndian(reader, 4, 1)
  if ((descriptor & 0b1000) !== 0) throw invalid(reader, 'a reserved bit of the frame header is set')
  const single = (descriptor & 0b10_0000) !== 0
  const sizeFlag = descriptor >> 6
  const windowAt = 5
  const sizeAt = windowAt + (single ? 0 : 1) + ([0, 1, 2, 4][descriptor & 0b11] ?? 0)
  const sizeBytes = sizeFlag === 0 ? (single ? 1 : 0) : 2 ** sizeFlag
  const stored = readLittleEndian(reader, sizeAt, sizeBytes)
  const contentSize = sizeBytes === 0 ? undefined : stored + (sizeBytes === 2 ? 256 : 0)
  const windowBytes = single ? (contentSize ?? 0) : windowSize(readLittleEndian(reader, windowAt, 1))
  if (windowBytes > MAX_ZSTD_WINDOW_BYTES) {
    throw new ImageError(
      'LIMIT_EXCEEDED',
      `a zstd frame asks for a window of ${windowBytes} bytes, more than the ${MAX_ZSTD_WINDOW_BYTES} that are given`,
    )
  }
  return { headerBytes: sizeAt + sizeBytes, windowBytes, contentSize, checksum: (descriptor & 0b100) !== 0 }
}

function windowSize(byte: number): number {
  const base = 2 ** (10 + (byte >> 3))
  return base + (base / 8) * (byte & 0b111)
}

async function* framePieces(reader: ByteReader, header: FrameHeader): AsyncGenerator<FramePiece> {
  const { contentSize } = header
  let first = true
  // Where, counted from the first byte not taken, the next block header (or after the last block the frame's end) is.
  let next = header.headerBytes
  let lastBlock = false
  for (;;) {
    while (!lastBlock && next + BLOCK_HEADER_BYTES <= reader.buffered.byteLength) {
      const block = readLittleEndian(reader, next, BLOCK_HEADER_BYTES)
      lastBlock = (block & 1) === 1
      next += BLOCK_HEADER_BYTES + blockBytes(reader, block) + (lastBlock && header.checksum ? CHECKSUM_BYTES : 0)
    }
    if (lastBlock && next <= reader.buffered.byteLength) {
      yield { bytes: reader.take(next), first, last: true, contentSize }
      return
    }
    const ready = Math.min(next, reader.buffered.byteLength)
    if (ready > 0) {
      yield { bytes: reader.take(ready), first, last: false, contentSize }
      first = false
      next -= ready
    }
    // Behind a piece that ended in a block any byte helps; at a split block header all of it is needed.
    if (!(await reader.fill(next === 0 ? BLOCK_HEADER_BYTES : 1))) throw truncated(reader)
  }
}

/** How many bytes follow a block header (section 3.1.1.2). */
function blockBytes(reader: ByteReader, header: number): number {
  const type = (header >> 1) & 0b11
  const size = header >> 3
  if (type === 3 || size > MAX_BLOCK_BYTES) throw invalid(reader, 'a block header is not valid')
  return type === 1 ? 1 : size
}

function readLittleEndian(reader: ByteReader, offset: number, bytes: number): number {
  if (reader.buffered.byteLength < offset + bytes) throw truncated(reader)
  let value = 0
  for (let index = bytes - 1; index >= 0; index -= 1) value = value * 256 + (reader.buffered[offset + index] ?? 0)
  return value
}

function truncated(reader: ByteReader): ImageError {
  const end = reader.taken + reader.buffered.byteLength
  return new ImageError('INVALID_DATA', `the zstd data is cut off: it ends within a frame, after ${end} bytes`)
}

function invalid(reader: ByteReader, problem: string): ImageError {
  return new ImageError('INVALID_DATA', `this is not valid zstd data: near byte ${reader.taken} ${problem}`)
}
