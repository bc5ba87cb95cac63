import { naming, openRegular, readFully } from '@crossdock/blob-files'
import { type Digest, ImageError } from '@crossdock/core'
import { recycle, takeChunk } from '@crossdock/streams'
import type { IngestData } from './ingest-data.ts'

export interface SharedBlob {
  readonly digest: Digest
  readonly size: number
  readonly path: string
}

/**
 * An ingest that begins with all of a blob that another namespace brought in: if nothing is added no byte moves. `own` is empty, and
 * gets the bytes when they are needed.
 */
export function sharedData(own: IngestData, blob: SharedBlob): IngestData {
  let isShared = true

  async function copy(signal?: AbortSignal): Promise<void> {
    if (!isShared) return
    await copyInto(own, blob, signal)
    isShared = false
  }

  return {
    path: own.path,
    handle: own.handle,
    get offset() {
      return isShared ? blob.size : own.offset
    },
    digest: () => (isShared ? blob.digest : own.digest()),
    async digestLike(other, signal) {
      await copy(signal)
      return await own.digestLike(other, signal)
    },
    async append(chunk) {
      await copy()
      await own.append(chunk)
    },
    async truncate() {
      isShared = false
      await own.truncate()
    },
    async settle(signal) {
      await copy(signal)
      await own.settle(signal)
    },
  }
}

async function copyInto(own: IngestData, { digest, size, path }: SharedBlob, signal?: AbortSignal): Promise<void> {
  await own.truncate() // a copy that failed may have left something
  const { handle } = await openRegular(path, `blob ${digest}`)
  const room = takeChunk()
  try {
    while (own.offset < size) {
      signal?.throwIfAborted()
      const wanted = room.subarray(0, size - own.offset)
      const length = await naming('read', path, () => readFully(handle, wanted, own.offset))
      if (length === 0) break
      await own.append(wanted.subarray(0, length))
    }
  } finally {
    recycle(room)
    await handle.close()
  }
  if (own.digest() !== digest)
    throw new ImageError('CONFLICT', `${digest} changed while it was read`, { retryable: true })
}
