import { ImageError } from '@crossdock/core'
import { recycle } from './chunk-pool.ts'
import { verifyBlob, type ExpectedBlob } from './verify-blob.ts'

export interface ReadBytesOptions {
  /** The most bytes that are accepted. */
  readonly limitBytes: number
  /** What is read, for the error: `the manifest of docker://alpine:3.20`. */
  readonly what: string
}

/**
 * All bytes of a body, in memory of their own. Throws `LIMIT_EXCEEDED` and stops reading as soon as more than `limitBytes` came. Memory follows the
 * bytes that arrived, whatever a peer announced.
 */
export async function readBytes(body: AsyncIterable<Uint8Array>, options: ReadBytesOptions): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size > options.limitBytes) throw overLimit(options)
    if (chunk.byteLength > 0) chunks.push(chunk)
  }
  return joinChunks(chunks, size)
}

/**
 * All bytes of a body whose digest and size are known, verified. Throws `LIMIT_EXCEEDED`, for a `size` over the limit before
 * anything is read, and `DIGEST_MISMATCH`.
 */
export async function readVerified(
  body: AsyncIterable<Uint8Array>,
  expected: ExpectedBlob,
  options: ReadBytesOptions,
): Promise<Uint8Array> {
  if (expected.size !== undefined && expected.size > options.limitBytes) throw overLimit(options)
  return await readBytes(verifyBlob(body, expected), options)
}

function joinChunks(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const [first] = chunks
  if (first !== undefined && chunks.length === 1 && first.buffer.byteLength === size) return first
  const joined = new Uint8Array(size)
  let position = 0
  for (const chunk of chunks) {
    joined.set(chunk, position)
    position += chunk.byteLength
    recycle(chunk)
  }
  return joined
}

function overLimit({ limitBytes, what }: ReadBytesOptions): ImageError {
  return new ImageError('LIMIT_EXCEEDED', `${what} is larger than the ${limitBytes} bytes that are accepted`)
}
