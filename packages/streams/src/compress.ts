import { ImageError } from '@crossdock/core'
import { coalesce } from './coalesce.ts'
import { gzipBlocks } from './gzip-blocks.ts'
import { createZstdEncoder, type CompressionFormat } from './node-zlib.ts'

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
 * Packs a body, in chunks of 256 KiB. The same bytes and options give the same result on every system with the same Node,
 * however the body is cut and however many processors there are: headers carry neither time nor operating system. Throws
 * `UNSUPPORTED` for a level that the format does not have.
 *
 * gzip is always packed in blocks of 1 MiB, several at once. On two processors that is 1.7 times as fast as one piece, and
 * the size is the same to 0.1 %; content of up to 1 MiB is a single block, with the bytes and the cost of one piece, so that
 * there is nothing to choose. The body is read ahead by two blocks for each thread. zstd is packed by one thread, which is
 * faster than gzip on two.
 */
export function compress(body: AsyncIterable<Uint8Array>, options: CompressOptions): AsyncGenerator<Uint8Array> {
  const { format } = options
  const level = compressionLevel(format, options.level)
  return coalesce(format === 'gzip' ? gzipBlocks(body, level) : zstdFrame(body, level))
}

/** The level, or the usual one. Throws `UNSUPPORTED` for a level that the format does not have. */
export function compressionLevel(format: CompressionFormat, level: number | undefined): number {
  const { min, max, standard } = LEVELS[format]
  if (level === undefined) return standard
  if (Number.isInteger(level) && level >= min && level <= max) return level
  throw new ImageError('UNSUPPORTED', `${format} has no compression level ${level}: use ${min} to ${max}`)
}

async function* zstdFrame(body: AsyncIterable<Uint8Array>, level: number): AsyncGenerator<Uint8Array> {
  const encoder = createZstdEncoder(level)
  try {
    // Tar writers give a header here, some padding there; a write to an encoder costs a turn of the thread pool.
    for await (const chunk of coalesce(body)) yield* encoder.write(chunk)
    yield* encoder.end()
  } finally {
    encoder.close()
  }
}
