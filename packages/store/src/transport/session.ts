import { type BlobMethods, type BlobSession, createBlobSession, createFolder, sweep } from '@crossdock/blob-files'
import type { Descriptor, Digest, Signature } from '@crossdock/core'
import type { Referrer } from '@crossdock/formats'
import { blobMode } from '../content/blob-mode.ts'
import { createKeeper, type Keeper } from './keeper.ts'
import type { Opened } from './opened.ts'

/** Signatures with what they are over. */
export interface SignedManifest {
  readonly signed: Descriptor
  readonly signatures: readonly Signature[]
}

/** What one open destination knows and has done. */
export interface Session extends Opened, BlobSession {
  readonly keeper: Keeper
  /** What the name will stand for. */
  top: Descriptor | undefined
  readonly referrers: Referrer[]
  /** Every manifest that was put. */
  readonly put: Map<Digest, Descriptor>
  /** Manifests that were put under further names, by those names. */
  readonly tags: Map<string, Descriptor>
  /** By the digest of what was signed. */
  readonly signatures: Map<Digest, SignedManifest>
}

export function createSession(found: Opened): Session {
  const { paths, context, resume = true } = found
  const { blobs } = paths
  const make = async (): Promise<void> => {
    for (const folder of [blobs.folder, blobs.work, blobs.partial]) await createFolder(folder)
    await sweep(blobs)
  }
  const session = createBlobSession({ blobs, make, durable: context.durable, resume, mode: blobMode() })
  const keeper = createKeeper(context)
  return {
    ...found,
    ...session,
    methods: keeping(session, keeper),
    keeper,
    top: undefined,
    referrers: [],
    put: new Map(),
    tags: new Map(),
    signatures: new Map(),
  }
}

/** Blobs are kept before they get their names, and before one that is there is relied on. */
function keeping({ methods, trust }: BlobSession, keeper: Keeper): BlobMethods {
  return {
    ...methods,
    async putBlob(body, blob, options) {
      const { digest } = blob
      const size = blob.size ?? body.size
      const isKnown = digest !== undefined && size !== undefined
      if (isKnown) await keeper.keep({ digest, size }, options)
      const written = await methods.putBlob(body, blob, options)
      if (!isKnown) await keeper.keep(written, options)
      return written
    },
    async reuseBlob(blob, options) {
      if (!(await trust.holds(blob, options))) return undefined
      await keeper.keep(blob, options)
      return await methods.reuseBlob(blob, options)
    },
  }
}
