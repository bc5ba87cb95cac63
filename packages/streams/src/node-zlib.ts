import type * as Zlib from 'node:zlib'
import { ImageError, quoteForeign } from '@crossdock/core'

/** Loaded when something is packed or unpacked, which most copies do not need. */
const zlib = (): typeof Zlib => process.getBuiltinModule('node:zlib')

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
const ZSTD_WINDOW_LOG = 27

export function createDecoder(format: CompressionFormat): Codec {
  if (format === 'gzip') return driveCodec(zlib().createGunzip({ chunkSize: CHUNK_BYTES }), 'the gzip data')
  const params = { [zlib().constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG }
  return driveCodec(zlib().createZstdDecompress({ chunkSize: CHUNK_BYTES, params }), 'the zstd data')
}

export function createEncoder(format: CompressionFormat, level: number): Codec {
  if (format === 'gzip') return driveCodec(zlib().createGzip({ chunkSize: CHUNK_BYTES, level }), 'gzip')
  const params = { [zlib().constants.ZSTD_c_compressionLevel]: level, [zlib().constants.ZSTD_c_checksumFlag]: 1 }
  return driveCodec(zlib().createZstdCompress({ chunkSize: CHUNK_BYTES, params }), 'zstd')
}

/** Decodes one whole small zstd frame at once: a decoder of its own would cost ten times as much. */
export function decodeSmallFrame(frame: Uint8Array, contentSize: number): Uint8Array {
  try {
    const chunkSize = Math.max(contentSize, 64)
    return zlib().zstdDecompressSync(frame, { maxOutputLength: Math.max(contentSize, 1), chunkSize })
  } catch (error) {
    throw codecError(error, 'the zstd data')
  }
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
      if (chunk instanceof Uint8Array) yield chunk
      else if (ended || isDone()) return
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

function codecError(error: unknown, what: string): ImageError {
  const text = error instanceof Error ? error.message : String(error)
  return new ImageError('INVALID_DATA', `${what} cannot be decoded: ${quoteForeign(text, 200)}`, { cause: error })
}
