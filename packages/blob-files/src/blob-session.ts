import type { BlobBody, BlobHint, Descriptor, Digest, ImageDestination, OperationOptions } from '@crossdock/core'
import type { BlobPaths } from './blob-paths.ts'
import { createLeftovers, type Leftovers } from './leftovers.ts'
import { partialSize } from './partial.ts'
import { createTrust, type Trust } from './trust.ts'
import { writeBlob } from './write-blob.ts'

/** What an `ImageDestination` does with blobs. */
export type BlobMethods = Required<Pick<ImageDestination, 'putBlob' | 'reuseBlob' | 'findBlob' | 'partialBlob'>>

/** The blobs of one open destination: what it knows of them, and what it has done. */
export interface BlobSession {
  readonly trust: Trust
  /** Makes the place for blobs, once. */
  ready(): Promise<void>
  /** Blobs that were put or found, and that have to be there at the end. */
  readonly needed: Set<Digest>
  readonly methods: BlobMethods
}

export interface BlobSessionOptions {
  readonly blobs: BlobPaths
  /** Makes the place for blobs; called before the first is put, and again should it have failed. */
  readonly make: () => Promise<void>
  /** Whether blobs are flushed to the disk. */
  readonly durable: boolean
  /** Whether what an interrupted put leaves is kept, and used by the next. */
  readonly resume: boolean
  /** Permission bits of blobs. Default: as the umask lets everybody read. */
  readonly mode?: number | undefined
}

export function createBlobSession(options: BlobSessionOptions): BlobSession {
  const { blobs, make, resume } = options
  const trust = createTrust(blobs)
  const leftovers = createLeftovers(blobs)
  const needed = new Set<Digest>()
  let making: Promise<void> | undefined

  function ready(): Promise<void> {
    making ??= make().catch((reason: unknown) => {
      making = undefined // what failed may succeed when it is tried again
      throw reason
    })
    return making
  }

  const methods: BlobMethods = {
    async putBlob(body, blob, operation) {
      operation?.signal?.throwIfAborted()
      await ready()
      const written = await write(body, blob, { ...options, leftovers, signal: operation?.signal })
      await trust.record(written.digest)
      needed.add(written.digest)
      return written
    },
    async reuseBlob(blob, operation) {
      operation?.signal?.throwIfAborted()
      if (!(await trust.holds(blob, operation))) return undefined
      needed.add(blob.digest)
      return { blob }
    },
    async findBlob(blob, operation) {
      operation?.signal?.throwIfAborted()
      return (await trust.holds(blob, { ...operation, readOnly: true })) ? 'present' : undefined
    },
    async partialBlob(blob, operation) {
      operation?.signal?.throwIfAborted()
      return resume ? await partialSize(blob, leftovers) : 0
    },
  }
  return { trust, ready, needed, methods }
}

interface WriteOptions extends BlobSessionOptions, Pick<OperationOptions, 'signal'> {
  readonly leftovers: Leftovers
}

async function write(body: BlobBody, blob: BlobHint, options: WriteOptions): Promise<Descriptor> {
  const { blobs } = options
  const size = blob.size ?? body.size
  const written = await writeBlob(blobs, body, { ...options, digest: blob.digest, size })
  const { mediaType = 'application/octet-stream', annotations } = blob
  return { mediaType, ...written, ...(annotations !== undefined && { annotations }) }
}
