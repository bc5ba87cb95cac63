import {
  type BlobBody,
  type BlobHint,
  type Descriptor,
  type Digest,
  type ImageReference,
  type OperationOptions,
  type ReusedBlob,
} from '@crossdock/core'
import { apiHost, userHost } from '../reference.ts'
import { hasBlob } from './blob-head.ts'
import type { Repository } from './repository.ts'
import { keyText } from './upload/journal.ts'
import { putKnownBlob } from './upload/put-known-blob.ts'
import type { KnownBlob } from './upload/put-outcome.ts'
import { putStream } from './upload/put-stream.ts'
import { peekUpload, uploadKey } from './upload/resume-upload.ts'
import { cancelUpload, startUpload, type UploadSession, uploadWire } from './upload/upload-session.ts'

type Wanted = Descriptor & Pick<BlobHint, 'from'>

/** The blobs of one destination. */
export interface BlobWriter {
  put(body: BlobBody, hint: BlobHint, operation: OperationOptions): Promise<KnownBlob>
  reuse(blob: Wanted, operation: OperationOptions): Promise<ReusedBlob | undefined>
  find(blob: Wanted, operation: OperationOptions): Promise<'present' | 'mountable' | undefined>
  partial(blob: Descriptor, operation: OperationOptions): Promise<number>
  /** Drops uploads that were opened and not used. */
  close(): Promise<void>
}

export function createBlobWriter(repository: Repository): BlobWriter {
  const { session, host, name } = repository
  const { knownBlobs } = session
  // What a registry opened because it could not mount, for the put that follows.
  const parked = new Map<Digest, UploadSession>()

  function seen(digest: Digest): void {
    knownBlobs.add({ host, repository: name, digest })
  }

  function neighbour({ digest, from }: Wanted): string | undefined {
    return neighbourOf(from, repository) ?? knownBlobs.neighbour({ host, repository: name, digest })
  }

  /** Undefined if it has to be put. */
  async function mount(blob: Wanted, from: string, operation: OperationOptions): Promise<ReusedBlob | undefined> {
    const outcome = await startUpload(uploadWire(repository, blob.digest, operation), { digest: blob.digest, mountFrom: from })
    if (outcome === 'mounted') return { blob, mountedFrom: from }
    if (outcome !== 'refused') parked.set(blob.digest, outcome)
    return undefined
  }

  return {
    put: async (body, hint, operation) => {
      const { digest, size } = hint
      if (digest === undefined || size === undefined) {
        const blob = await putStream(body, hint, { repository, operation })
        seen(blob.digest)
        return blob
      }
      const known = { digest, size }
      const put = async (signal: AbortSignal): Promise<void> => {
        const open = parked.get(digest)
        parked.delete(digest)
        await putKnownBlob(body, known, { repository, parked: open, operation: { ...operation, signal } })
      }
      await session.uploads.run(keyText(uploadKey(repository, digest)), put, operation)
      seen(digest)
      return known
    },
    reuse: async (wanted, operation) => {
      const { from: _, ...blob } = wanted
      // One request says all where a neighbour has the blob: a mount also succeeds if the blob is here already.
      const from = neighbour(wanted)
      const mounted = from === undefined ? undefined : await mount(blob, from, operation)
      if (mounted !== undefined) {
        seen(blob.digest)
        return mounted
      }
      if (!(await hasBlob(repository, blob, operation))) return undefined
      seen(blob.digest)
      const unused = parked.get(blob.digest)
      parked.delete(blob.digest)
      if (unused !== undefined) await cancelUpload(uploadWire(repository, blob.digest), unused)
      return { blob }
    },
    find: async (wanted, operation) => {
      if (await hasBlob(repository, wanted, operation)) return 'present'
      return neighbour(wanted) === undefined ? undefined : 'mountable'
    },
    partial: async ({ digest, size }, operation) =>
      await peekUpload(uploadWire(repository, digest, operation), { digest, size }),
    close: async () => {
      const unused = [...parked]
      parked.clear()
      await Promise.all(unused.map(([digest, upload]) => cancelUpload(uploadWire(repository, digest), upload)))
    },
  }
}

/** The repository of a reference to another image of the same registry. */
function neighbourOf(from: ImageReference | undefined, { host, name, reference }: Repository): string | undefined {
  if (from?.transport.name !== 'docker' || from.dockerReference === undefined) return undefined
  const { domain, path } = from.dockerReference
  const same = domain === reference.domain || userHost(apiHost(domain)) === host
  return same && path !== name ? path : undefined
}
