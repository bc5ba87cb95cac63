import { ImageError } from '@crossdock/core'
import { decompress, detectCompression, readBytes } from '@crossdock/streams'
import type * as Zlib from 'node:zlib'

const zlib = (): typeof Zlib => process.getBuiltinModule('node:zlib')

/** RFC 9580, section 9.4. */
const ALGORITHM = { none: 0, zip: 1, zlib: 2, bzip2: 3 } as const

/**
 * What is in the body of a compressed packet (RFC 9580, 5.6), all of which must belong to the compressed data. `what` names it in messages.
 *
 * Throws `INVALID_DATA`, and `LIMIT_EXCEEDED` for content beyond `limitBytes`, before that much memory is taken.
 */
export async function inflatePacket(
  body: Uint8Array,
  { what, limitBytes }: { readonly what: string; readonly limitBytes: number },
): Promise<Uint8Array> {
  const data = body.subarray(1)
  switch (body[0]) {
    case ALGORITHM.none:
      return data
    case ALGORITHM.zip:
      return inflate(data, { what, limitBytes, unpack: 'inflateRawSync' })
    case ALGORITHM.zlib:
      return inflate(data, { what, limitBytes, unpack: 'inflateSync' })
    case ALGORITHM.bzip2:
      return await bunzip(data, { what, limitBytes })
    default:
      throw new ImageError('INVALID_DATA', `${what} is compressed in an unknown way (${body[0] ?? 'none'})`)
  }
}

interface InflateOptions {
  readonly what: string
  readonly limitBytes: number
  readonly unpack: 'inflateRawSync' | 'inflateSync'
}

function inflate(data: Uint8Array, options: InflateOptions): Uint8Array {
  const { buffer, engine } = unpacked(data, options)
  if (engine.bytesWritten === data.byteLength) return buffer
  throw new ImageError('INVALID_DATA', `${options.what} has bytes behind its compressed data`)
}

function unpacked(data: Uint8Array, { what, limitBytes, unpack }: InflateOptions): Unpacked {
  try {
    const result: unknown = zlib()[unpack](data, { maxOutputLength: limitBytes, info: true })
    if (isUnpacked(result)) return result
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE') {
      throw new ImageError('LIMIT_EXCEEDED', `${what} unpacks to more than ${limitBytes} bytes`, { cause })
    }
    throw new ImageError('INVALID_DATA', `${what} cannot be unpacked: its compressed data is damaged`, { cause })
  }
  throw new ImageError('UNSUPPORTED', 'this runtime does not tell how much of compressed data it read')
}

/** What Node.js gives with the option `info`, which its type declarations do not say. */
interface Unpacked {
  readonly buffer: Uint8Array
  /** `bytesWritten` is how much was taken in. */
  readonly engine: { readonly bytesWritten: unknown }
}

function isUnpacked(value: unknown): value is Unpacked {
  if (typeof value !== 'object' || value === null || !('buffer' in value && 'engine' in value)) return false
  const { buffer, engine } = value
  return buffer instanceof Uint8Array && typeof engine === 'object' && engine !== null && 'bytesWritten' in engine
}

async function bunzip(data: Uint8Array, { what, limitBytes }: Omit<InflateOptions, 'unpack'>): Promise<Uint8Array> {
  if (detectCompression(data) !== 'bzip2') throw new ImageError('INVALID_DATA', `${what} has no bzip2 data in it`)
  return await readBytes(decompress(copyOf(data), { limitBytes }), { limitBytes, what })
}

/** A copy, because chunks become the receiver's. */
async function* copyOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield Uint8Array.from(bytes)
}
