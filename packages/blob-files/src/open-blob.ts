import type { FileHandle } from 'node:fs/promises'
import {
  ImageError,
  shortDigest,
  type BlobReader,
  type Descriptor,
  type Digest,
  type GetBlobOptions,
  type OperationOptions,
} from '@crossdock/core'
import { CHUNK_BYTES, takeChunk } from '@crossdock/streams'
import { naming, quotePath } from './file-errors.ts'
import { openRegular, readFully, type OpenedFile } from './files.ts'
import type { BlobPaths } from './blob-paths.ts'

/**
 * Opens a blob for reading. Every chunk is the consumer's. Throws `NOT_FOUND`, and
 * `DIGEST_MISMATCH` if the file's size is not the descriptor's.
 */
export async function openBlob(blobs: BlobPaths, blob: Descriptor, options: GetBlobOptions = {}): Promise<BlobReader> {
  const { signal, offset = 0, end = blob.size } = options
  signal?.throwIfAborted()
  const path = blobs.pathOf(blob.digest)
  const { handle } = await openOfSize(path, blob)
  const read = createReads({ handle, path, begin: Math.min(offset, blob.size), end: Math.min(end, blob.size) })
  return {
    size: blob.size,
    async *[Symbol.asyncIterator]() {
      try {
        yield* read(signal)
      } finally {
        await handle.close()
      }
    },
    async [Symbol.asyncDispose]() {
      await handle.close()
    },
  }
}

/** How large a blob is by its file, whatever is in it. Throws `NOT_FOUND`. */
export async function blobSize(blobs: BlobPaths, digest: Digest, options: OperationOptions = {}): Promise<number> {
  options.signal?.throwIfAborted()
  const { handle, size } = await openRegular(blobs.pathOf(digest), `blob ${shortDigest(digest)}`)
  await handle.close()
  return size
}

/** Opens a blob's file. Throws `NOT_FOUND`, and `DIGEST_MISMATCH` for another size. */
export async function openOfSize(path: string, { digest, size }: Descriptor): Promise<OpenedFile> {
  const opened = await openRegular(path, `blob ${shortDigest(digest)}`)
  if (opened.size === size) return opened
  await opened.handle.close()
  throw new ImageError(
    'DIGEST_MISMATCH',
    `${quotePath(path)} has ${opened.size} bytes, but ${digest} should have ${size}: it is damaged`,
  )
}

interface Span {
  readonly handle: FileHandle
  readonly path: string
  readonly begin: number
  readonly end: number
}

/** Reads one chunk ahead, so that the disk works while the consumer does. */
function createReads({ handle, path, begin, end }: Span) {
  const readAt = async (position: number): Promise<Uint8Array> => {
    const wanted = end - position
    const room = wanted < CHUNK_BYTES / 2 ? new Uint8Array(wanted) : takeChunk().subarray(0, wanted)
    const length = await naming('read', path, () => readFully(handle, room, position))
    if (length < room.byteLength) throw new ImageError('CONFLICT', `${quotePath(path)} was cut off while it was read`)
    return room
  }
  return async function* (signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    let next = begin < end ? readAt(begin) : undefined
    for (let position = begin; next !== undefined;) {
      signal?.throwIfAborted()
      const chunk = await next
      position += chunk.byteLength
      next = position < end ? readAt(position) : undefined
      next?.catch(() => undefined) // awaited in the next round, unless the consumer leaves
      yield chunk
    }
  }
}
