import { ImageError } from '@crossdock/core'
import { coalesce } from './coalesce.ts'
import { createEncoder, type CompressionFormat } from './node-zlib.ts'

export interface CompressOptions {
  readonly format: CompressionFormat
  /** gzip 0 to 9, default 6; zstd 1 to 19, default 3. Higher is smaller and slower. */
  readonly level?: number | undefined
}

interface LevelRange {
  readonly min: number
  readonly max: number
  readonly standard: number
}

const LEVELS: Readonly<Record<CompressionFormat, LevelRange>> = {
  gzip: { min: 0, max: 9, standard: 6 },
  zstd: { min: 1, max: 19, standard: 3 },
}

/**
 * Packs a body, in chunks of 256 KiB. The same bytes and options give the same result on every system with the same Node:
 * headers carry neither time nor operating system. Throws `UNSUPPORTED` for a level that the format does not have.
 */
export function compress(body: AsyncIterable<Uint8Array>, options: CompressOptions): AsyncGenerator<Uint8Array> {
  const { format } = options
  const { min, max, standard } = LEVELS[format]
  const level = options.level ?? standard
  if (!Number.isInteger(level) || level < min || level > max) {
    throw new ImageError('UNSUPPORTED', `${format} has no compression level ${level}: use ${min} to ${max}`)
  }
  return coalesce(encode(body, format, level))
}

async function* encode(
  body: AsyncIterable<Uint8Array>,
  format: CompressionFormat,
  level: number,
): AsyncGenerator<Uint8Array> {
  const encoder = createEncoder(format, level)
  try {
    let first = format === 'gzip'
    for await (const chunk of encodeAll(encoder, body)) {
      if (first) chunk[OS_BYTE] = OS_UNKNOWN
      first = false
      yield chunk
    }
  } finally {
    encoder.close()
  }
}

// RFC 1952, section 2.3: zlib writes the header of ten bytes in one piece.
const OS_BYTE = 9
const OS_UNKNOWN = 255

async function* encodeAll(
  encoder: ReturnType<typeof createEncoder>,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  // Tar writers give a header here, some padding there; a write to an encoder costs a turn of the thread pool.
  for await (const chunk of coalesce(body)) yield* encoder.write(chunk)
  yield* encoder.end()
}
