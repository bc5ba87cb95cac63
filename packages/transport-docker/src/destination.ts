import {
  type BlobBody,
  type BlobHint,
  type Descriptor,
  type Digest,
  type ImageDestination,
  ImageError,
  type ImageErrorCode,
  imageName,
  type ManifestBytes,
  type OperationOptions,
  type PutManifestOptions,
  shortDigest,
} from '@crossdock/core'
import { createBlobWriter } from './client/blob-writer.ts'
import { writeInstance, writeManifest } from './client/manifest-write.ts'
import { namesManifest } from './client/resolve-digest.ts'
import type { Repository } from './client/repository.ts'
import type { DockerImageReference } from './transport.ts'

/** Default for content of which nobody said what it is. */
const UNKNOWN_TYPE = 'application/octet-stream'

export function openDestination(reference: DockerImageReference, repository: Repository): ImageDestination {
  const { tag, digest: pinned } = reference.dockerReference
  const blobs = createBlobWriter(repository)
  let top: ManifestBytes | undefined
  repository.warm()

  return {
    reference,
    traits: Object.freeze({
      foreignLayers: true,
      layerCompression: 'compress',
      parallelBlobs: repository.session.options.parallelBlobs,
    }),
    putBlob: async (body: BlobBody, hint: BlobHint, options: OperationOptions = {}): Promise<Descriptor> => {
      options.signal?.throwIfAborted()
      const { digest, size } = await blobs.put(body, hint, options)
      const { mediaType = UNKNOWN_TYPE, annotations } = hint
      return { mediaType, digest, size, ...(annotations !== undefined && { annotations }) }
    },
    reuseBlob: async (blob, options = {}) => {
      options.signal?.throwIfAborted()
      return await blobs.reuse(blob, options)
    },
    findBlob: async (blob, options = {}) => {
      options.signal?.throwIfAborted()
      return await blobs.find(blob, options)
    },
    partialBlob: async (blob, options = {}) => {
      options.signal?.throwIfAborted()
      return await blobs.partial(blob, options)
    },
    hasManifest: async ({ digest }, options: PutManifestOptions = {}) => {
      options.signal?.throwIfAborted()
      // A name that is both must be right as a tag; what its digest names is then the same.
      const name = options.tag ?? options.instance ?? tag ?? pinned ?? digest
      return await namesManifest(repository, { name, digest }, options)
    },
    putManifest: async (manifest, { instance, tag: attached, ...operation } = {}) => {
      operation.signal?.throwIfAborted()
      checkSize(manifest, repository)
      if (instance !== undefined) {
        return await writeInstance(repository, manifest, { name: instance, tag: attached, operation })
      }
      checkPinned(manifest.digest, reference)
      top = manifest
    },
    commit: async (options = {}) => {
      options.signal?.throwIfAborted()
      if (top === undefined) {
        throw refusal('INVALID_DATA', reference, 'no manifest was put: put one before commit')
      }
      await writeManifest(repository, top, { name: tag ?? pinned ?? top.digest, operation: options })
    },
    [Symbol.asyncDispose]: async () => await blobs.close(),
  }
}

function checkSize({ bytes, digest }: ManifestBytes, { session }: Repository): void {
  const { maxManifestBytes } = session.options
  if (bytes.byteLength <= maxManifestBytes) return
  throw new ImageError(
    'LIMIT_EXCEEDED',
    `the manifest ${shortDigest(digest)} has ${bytes.byteLength} bytes; at most ${maxManifestBytes} are written`,
    { side: 'destination' },
  )
}

function checkPinned(digest: Digest, reference: DockerImageReference): void {
  const { digest: pinned } = reference.dockerReference
  if (pinned === undefined || pinned === digest) return
  const why = `it is named by ${pinned}, but the manifest to be written is ${digest}: name it by tag, or write that one`
  throw refusal('DIGEST_MISMATCH', reference, why)
}

function refusal(code: ImageErrorCode, reference: DockerImageReference, why: string): ImageError {
  const image = imageName(reference)
  return new ImageError(code, `${image}: ${why}`, { side: 'destination', image })
}
