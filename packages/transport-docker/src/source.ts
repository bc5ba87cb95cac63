import { type Digest, ImageError, type ImageSource, type ManifestBytes, type OperationOptions } from '@crossdock/core'
import { createInFlight } from '@crossdock/streams'
import { blobSize } from './client/blob-size.ts'
import { readBlob } from './client/blob-read.ts'
import { readManifest } from './client/manifest-read.ts'
import { listReferrers } from './client/referrers.ts'
import type { Repository } from './client/repository.ts'
import type { DockerImageReference } from './transport.ts'

/** Manifests that were read to check a list of referrers, and are likely to be asked for next. */
const KEPT_MANIFESTS = 32

export function openSource(reference: DockerImageReference, repository: Repository): ImageSource {
  const { tag, digest } = reference.dockerReference
  // A tag may move: what was read first is what this source is about.
  const top = createInFlight<'top', ManifestBytes>({ remember: true })
  const kept = new Map<Digest, ManifestBytes>()
  repository.warm()

  async function byDigest(wanted: Digest, operation: OperationOptions): Promise<ManifestBytes> {
    const known = kept.get(wanted)
    kept.delete(wanted)
    return known ?? (await readManifest(repository, wanted, operation))
  }

  async function keep(wanted: Digest, operation: OperationOptions): Promise<ManifestBytes | undefined> {
    try {
      const manifest = await readManifest(repository, wanted, operation)
      if (kept.size < KEPT_MANIFESTS) kept.set(wanted, manifest)
      return manifest
    } catch (error) {
      if (error instanceof ImageError && error.code === 'NOT_FOUND') return undefined
      throw error
    }
  }

  return {
    reference,
    traits: Object.freeze({
      rangeReads: true,
      parallelBlobs: repository.session.options.parallelBlobs,
      // A connection may be slower than the network that it is part of.
      get parallelRanges() {
        return repository.lore.ranges
      },
    }),
    getManifest: async (instance, options = {}) => {
      options.signal?.throwIfAborted()
      if (instance !== undefined) return await byDigest(instance, options)
      const read = (signal: AbortSignal): Promise<ManifestBytes> =>
        readManifest(repository, digest ?? tag ?? 'latest', { ...options, signal })
      return await top.run('top', read, options)
    },
    getBlob: async (blob, options = {}) => {
      options.signal?.throwIfAborted()
      return await readBlob(repository, blob, options)
    },
    blobSize: async (wanted, options = {}) => {
      options.signal?.throwIfAborted()
      return await blobSize(repository, wanted, options)
    },
    // Signatures are manifests of their own in a registry, found as referrers.
    getSignatures: async (_instance, options = {}) => {
      options.signal?.throwIfAborted()
      return Promise.resolve([])
    },
    referrers: (subject, options = {}) =>
      listReferrers(repository, subject, { operation: options, read: (wanted) => keep(wanted, options) }),
    [Symbol.asyncDispose]: () => {
      kept.clear()
      return Promise.resolve()
    },
  }
}
