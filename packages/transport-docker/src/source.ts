import {
  type Digest,
  ImageError,
  type ImageSource,
  type ManifestBytes,
  type OperationOptions,
  shortDigest,
} from '@crossdock/core'
import { createInFlight } from '@crossdock/streams'
import { readBlobAnywhere } from './client/blob-anywhere.ts'
import { readBlob } from './client/blob-read.ts'
import { blobSize } from './client/blob-size.ts'
import { createBlobTrust } from './client/blob-trust.ts'
import type { Endpoints } from './client/endpoints.ts'
import { listAnywhere } from './client/list-anywhere.ts'
import { readManifest } from './client/manifest-read.ts'
import { listReferrers } from './client/referrers.ts'
import type { Repository } from './client/repository.ts'
import type { DockerImageReference } from './transport.ts'

/** Manifests that were read to check a list of referrers, and are likely to be asked for next. */
const KEPT_MANIFESTS = 32

export function openSource(reference: DockerImageReference, endpoints: Endpoints): ImageSource {
  const { tag, digest } = reference.dockerReference
  // A tag may move: what was read first is what this source is about.
  const top = createInFlight<'top', ManifestBytes>({ remember: true })
  const kept = new Map<Digest, ManifestBytes>()
  const trust = createBlobTrust(endpoints.all)
  endpoints.preferred.warm()

  function manifestOf(name: string, operation: OperationOptions): Promise<ManifestBytes> {
    const read = (repository: Repository): Promise<ManifestBytes> => readManifest(repository, name, operation)
    return endpoints.ask(read, { what: `manifest ${name}`, operation })
  }

  async function byDigest(wanted: Digest, operation: OperationOptions): Promise<ManifestBytes> {
    const known = kept.get(wanted)
    kept.delete(wanted)
    return known ?? (await manifestOf(wanted, operation))
  }

  async function keep(
    repository: Repository,
    wanted: Digest,
    operation: OperationOptions,
  ): Promise<ManifestBytes | undefined> {
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
      parallelBlobs: endpoints.preferred.session.options.parallelBlobs,
      // A connection may be slower than the network that it is part of.
      get parallelRanges() {
        return endpoints.preferred.lore.ranges
      },
    }),
    getManifest: async (instance, options = {}) => {
      options.signal?.throwIfAborted()
      if (instance !== undefined) return await byDigest(instance, options)
      const read = (signal: AbortSignal): Promise<ManifestBytes> =>
        manifestOf(digest ?? tag ?? 'latest', { ...options, signal })
      return await top.run('top', read, options)
    },
    getBlob: async (blob, options = {}) => {
      options.signal?.throwIfAborted()
      if (endpoints.all.length === 0) return await readBlob(endpoints.preferred, blob, options)
      return await readBlobAnywhere({ endpoints, trust }, blob, options)
    },
    blobSize: async (wanted, options = {}) => {
      options.signal?.throwIfAborted()
      const ask = (repository: Repository): Promise<number> => blobSize(repository, wanted, options)
      return await endpoints.ask(ask, { what: `blob ${shortDigest(wanted)}`, operation: options })
    },
    // Signatures are manifests of their own in a registry, found as referrers.
    getSignatures: async (_instance, options = {}) => {
      options.signal?.throwIfAborted()
      return Promise.resolve([])
    },
    referrers: (subject, options = {}) =>
      listAnywhere(
        endpoints,
        (repository) =>
          listReferrers(repository, subject, {
            operation: options,
            read: (wanted) => keep(repository, wanted, options),
          }),
        // A mirror seldom has what refers to its images.
        { what: `referrers of ${shortDigest(subject)}`, operation: options, untilSome: true },
      ),
    [Symbol.asyncDispose]: () => {
      kept.clear()
      return Promise.resolve()
    },
  }
}
