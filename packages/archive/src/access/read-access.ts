import { type BlobReader, ImageError } from '@crossdock/core'
import { CHUNK_BYTES, type Compression, detectCompression, raceSignal, takeChunk } from '@crossdock/streams'
import type { RandomAccess } from './random-access.ts'

export interface ReadAccessOptions {
  /** The first byte wanted. Default: 0. */
  readonly offset?: number | undefined
  /** The first byte not wanted any more. Default: the size. */
  readonly end?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** The bytes of a file, or a part of them; one chunk is read ahead. Throws `CONFLICT` if the file shrank meanwhile. */
export async function* readAccess(access: RandomAccess, options: ReadAccessOptions = {}): AsyncGenerator<Uint8Array> {
  const end = options.end ?? access.size
  let position = options.offset ?? 0
  let next = position < end ? readChunk(access, position, end) : undefined
  while (next !== undefined) {
    options.signal?.throwIfAborted()
    const chunk = await raceSignal(next, options.signal)
    position += chunk.byteLength
    next = position < end ? readChunk(access, position, end) : undefined
    next?.catch(ignore) // awaited in the next round, unless the consumer leaves
    yield chunk
  }
}

async function readChunk(access: RandomAccess, position: number, end: number): Promise<Uint8Array> {
  const wanted = end - position
  const room = wanted < CHUNK_BYTES / 2 ? new Uint8Array(wanted) : takeChunk().subarray(0, wanted)
  const length = await access.read(room, position)
  if (length < room.byteLength) throw new ImageError('CONFLICT', `${access.name} was cut off while it was read`)
  return room
}

function ignore(): void {}

/** More than any packing needs to be known by. */
const HEAD_BYTES = 16

/** How a file is packed, or `size` bytes of it from `offset` on, by how they begin. */
export async function compressionAt(access: RandomAccess, offset = 0, size: number = HEAD_BYTES): Promise<Compression> {
  const head = new Uint8Array(Math.min(size, HEAD_BYTES))
  const length = await access.read(head, offset)
  return detectCompression(head.subarray(0, length))
}

/** A blob out of an archive. `open` is called when it is iterated; disposing closes what that began. */
export function createReader(size: number, open: () => AsyncIterable<Uint8Array>): BlobReader {
  let iterator: AsyncIterator<Uint8Array> | undefined
  return {
    size,
    [Symbol.asyncIterator]() {
      iterator = open()[Symbol.asyncIterator]()
      return iterator
    },
    async [Symbol.asyncDispose]() {
      await iterator?.return?.()
    },
  }
}
