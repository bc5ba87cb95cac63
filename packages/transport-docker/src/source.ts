import { type Digest, type ImageSource, type OperationOptions, type Referrer, shortDigest } from '@crossdock/core'
import { readBlobAnywhere } from './client/blob-anywhere.ts'
import { readBlob } from './client/blob-read.ts'
import { blobSize } from './client/blob-size.ts'
import { createBlobTrust } from './client/blob-trust.ts'
import type { Endpoints } from './client/endpoints.ts'
import { listAnywhere } from './client/list-anywhere.ts'
import { createManifests, type Manifests } from './client/manifests.ts'
import { listReferrers } from './client/referrers.ts'
import type { Repository } from './client/repository.ts'
import { readSignatures } from './client/signatures/read-signatures.ts'
import type { DockerImageReference } from './transport.ts'

export function openSource(reference: DockerImageReference, endpoints: Endpoints): ImageSource {
  const { tag, digest } = reference.dockerReference
  const manifests = createManifests(endpoints, digest ?? tag ?? 'latest')
  const trust = createBlobTrust(endpoints.all)
  const { preferred } = endpoints
  preferred.warm()

  return {
    reference,
    traits: Object.freeze({
      rangeReads: true,
      parallelBlobs: preferred.session.options.parallelBlobs,
      // A connection may be slower than the network that it is part of.
      get parallelRanges() {
        return endpoints.preferred.lore.ranges
      },
    }),
    getManifest: async (instance, options = {}) => {
      options.signal?.throwIfAborted()
      return await (instance === undefined ? manifests.top(options) : manifests.byDigest(instance, options))
    },
    getBlob: async (blob, options = {}) => {
      options.signal?.throwIfAborted()
      if (endpoints.all.length === 0) return await readBlob(preferred, blob, options)
      return await readBlobAnywhere({ endpoints, trust }, blob, options)
    },
    ...(endpoints.all.length > 1 && { distrustBlob: (blob: Digest) => trust.distrust(blob) }),
    blobSize: async (wanted, options = {}) => {
      options.signal?.throwIfAborted()
      const ask = (repository: Repository): Promise<number> => blobSize(repository, wanted, options)
      return await endpoints.ask(ask, { what: `blob ${shortDigest(wanted)}`, operation: options })
    },
    getSignatures: async (instance, options = {}) => {
      options.signal?.throwIfAborted()
      const signed = instance ?? digest ?? (await manifests.top(options)).digest
      return await readSignatures(endpoints, { image: reference.dockerReference, digest: signed }, options)
    },
    referrers: (subject, options = {}) => referrersOf({ endpoints, manifests }, subject, options),
    [Symbol.asyncDispose]: async () => {
      manifests.clear()
      await preferred.session.locations.flush()
    },
  }
}

/** A mirror seldom has what refers to its images: where there is none the next one is asked. */
function referrersOf(
  { endpoints, manifests }: { readonly endpoints: Endpoints; readonly manifests: Manifests },
  subject: Digest,
  operation: OperationOptions,
): AsyncGenerator<Referrer> {
  const list = (repository: Repository): AsyncGenerator<Referrer> =>
    listReferrers(repository, subject, { operation, read: (wanted) => manifests.keep(repository, wanted, operation) })
  return listAnywhere(endpoints, list, { what: `referrers of ${shortDigest(subject)}`, operation, untilSome: true })
}
