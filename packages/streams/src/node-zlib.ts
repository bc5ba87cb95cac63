import type * as Os from 'node:os'
import type * as Zlib from 'node:zlib'
import { ImageError, quoteForeign } from '@crossdock/core'
import { adoptChunk, recycle, shareChunk } from './chunk-pool.ts'

/** Loaded when something is packed or unpacked, which most copies do not need. */
const zlib = (): typeof Zlib => process.getBuiltinModule('node:zlib')

const os = (): typeof Os => process.getBuiltinModule('node:os')

/** A format that is read and written here. */
export type CompressionFormat = 'gzip' | 'zstd'

/**
 * A (de)compressor that is driven by whoever pulls: it asks for nothing beforehand and keeps one chunk of output at most.
 * Throws `INVALID_DATA`.
 */
export interface Codec {
  /** Takes bytes in, once those before were worked off; yields what comes of them. */
  write(bytes: Uint8Array): AsyncGenerator<Uint8Array>
  /** Says that no more bytes come; yields the rest. */
  end(): AsyncGenerator<Uint8Array>
  /** Bytes of what was written that did not belong to the data any more, counted from the end. */
  readonly unused: number
  close(): void
}

const CHUNK_BYTES = 256 * 1024
const MIN_CHUNK_BYTES = 64
const SMALL_BLOCK_BYTES = 16 * 1024
const ZSTD_WINDOW_LOG = 27

export function createDecoder(format: CompressionFormat): Codec {
  if (format === 'gzip') return driveCodec(zlib().createGunzip({ chunkSize: CHUNK_BYTES }), 'the gzip data')
  const params = { [zlib().constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG }
  return driveCodec(zlib().createZstdDecompress({ chunkSize: CHUNK_BYTES, params }), 'the zstd data')
}

/** Decodes one whole small zstd frame at once: a decoder of its own would cost ten times as much. */
export function decodeSmallFrame(frame: Uint8Array, contentSize: number): Uint8Array {
  try {
    const chunkSize = Math.max(contentSize, MIN_CHUNK_BYTES)
    return zlib().zstdDecompressSync(frame, { maxOutputLength: Math.max(contentSize, 1), chunkSize })
  } catch (error) {
    throw codecError(error, 'the zstd data')
  }
}

/** How a block of a deflate stream is packed. */
export interface DeflateOptions {
  readonly level: number
  /** The up to 32 KiB of content before the block, which it may refer to. */
  readonly dictionary?: Uint8Array | undefined
  /** Whether the stream ends with the block. Otherwise its bytes end at a byte boundary, so that others can follow. */
  readonly last: boolean
}

/**
 * Packs a block of a raw deflate stream (RFC 1951) in a thread of the pool; a small one at once, which takes less than that.
 */
export async function deflateBlock(block: Uint8Array, options: DeflateOptions): Promise<Uint8Array> {
  const { constants, deflateRaw, deflateRawSync } = zlib()
  const { level, dictionary, last } = options
  const settings = {
    level,
    chunkSize: Math.min(block.byteLength + MIN_CHUNK_BYTES, CHUNK_BYTES),
    finishFlush: last ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
    ...(dictionary !== undefined && { dictionary }),
  }
  if (block.byteLength <= SMALL_BLOCK_BYTES) return deflateRawSync(block, settings)
  return await new Promise((resolve, reject) => {
    deflateRaw(block, settings, (error, packed) => (error === null ? resolve(packed) : reject(error)))
  })
}

/** Packs a whole zstd frame in a thread of the pool; a small one at once. */
export async function zstdFrame(content: Uint8Array, level: number): Promise<Uint8Array> {
  const { constants, zstdCompress, zstdCompressSync } = zlib()
  const settings = {
    chunkSize: Math.min(content.byteLength + MIN_CHUNK_BYTES, CHUNK_BYTES),
    pledgedSrcSize: content.byteLength,
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
  }
  if (content.byteLength <= SMALL_BLOCK_BYTES) return zstdCompressSync(content, settings)
  return await new Promise((resolve, reject) => {
    zstdCompress(content, settings, (error, packed) => (error === null ? resolve(packed) : reject(error)))
  })
}

/** CRC-32 of gzip and xz, continued from `value`. */
export function crc32(bytes: Uint8Array, value: number = 0): number {
  return zlib().crc32(bytes, value)
}

/**
 * How many blocks are packed at once: one for each processor, at most 8, and one thread of the pool (four, or
 * `UV_THREADPOOL_SIZE`) is left to files.
 */
export function packingThreads(): number {
  const pool = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4) || 4
  return Math.max(1, Math.min(os().availableParallelism(), pool - 1, 8))
}

/** Lets timers and arriving data have their turn; a timer would do, but wait a millisecond at least. */
export async function nextTurn(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve))
}

type ZlibStream = ReturnType<typeof Zlib.createGunzip>

function driveCodec(stream: ZlibStream, what: string): Codec {
  let failure: ImageError | undefined
  let ended = false
  let written = 0
  let wake: (() => void) | undefined
  stream.on('readable', () => wake?.())
  stream.on('end', () => {
    ended = true
    wake?.()
  })
  stream.on('error', (error) => {
    failure = codecError(error, what)
    wake?.()
  })

  async function* drain(isDone: () => boolean): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (failure !== undefined) throw failure
      const chunk: unknown = stream.read()
      if (chunk instanceof Uint8Array) {
        lend(chunk)
        yield chunk
      } else if (ended || isDone()) return
      else {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
  }

  return {
    async *write(bytes) {
      written += bytes.byteLength
      if (ended) return
      let done = false
      stream.write(bytes, () => {
        done = true
        wake?.()
      })
      yield* drain(() => done)
    },
    async *end() {
      if (ended) return
      stream.end()
      yield* drain(() => false)
    },
    get unused() {
      return written - stream.bytesWritten
    },
    close: () => void stream.destroy(),
  }
}

/**
 * Says who holds a buffer of zlib, which fills one after the other, each in one piece or several: whoever gets a piece, and zlib itself
 * until it is full. The last one of a stream is left to the garbage collector: a thread may still be writing to it.
 */
function lend(piece: Uint8Array): void {
  const { buffer, byteOffset, byteLength } = piece
  if (buffer.byteLength !== CHUNK_BYTES) return
  const whole = new Uint8Array(buffer)
  if (byteOffset === 0) adoptChunk(whole)
  shareChunk(piece)
  if (byteOffset + byteLength === CHUNK_BYTES) recycle(whole)
}

function codecError(error: unknown, what: string): ImageError {
  const text = error instanceof Error ? error.message : String(error)
  return new ImageError('INVALID_DATA', `${what} cannot be decoded: ${quoteForeign(text, 200)}`, { cause: error })
}
