import type {
  BlobBody,
  BlobHint,
  Descriptor,
  Digest,
  ImageDestination,
  OperationOptions,
  PutManifestOptions,
  Signature,
} from '@crossdock/core'
import { type BlobWriter, createBlobWriter } from './client/blob-writer.ts'
import { createManifestWriter } from './client/manifest-writer.ts'
import type { Repository } from './client/repository.ts'
import { keptFormats, type SignaturePlaces, writeSignatures } from './client/signatures/write-signatures.ts'
import type { DockerImageReference } from './transport.ts'

/** Default for content of which nobody said what it is. */
const UNKNOWN_TYPE = 'application/octet-stream'

export async function openDestination(
  reference: DockerImageReference,
  repository: Repository,
): Promise<ImageDestination> {
  const blobs = createBlobWriter(repository)
  const manifests = createManifestWriter(reference, { repository, blobs })
  const attachments = await repository.session.options.sigstoreAttachments(reference.dockerReference)
  const places: SignaturePlaces = { repository, blobs, attachments }
  const putSignatures = async (
    signatures: readonly Signature[],
    instance?: Digest,
    operation: OperationOptions = {},
  ): Promise<void> => {
    operation.signal?.throwIfAborted()
    await writeSignatures(places, manifests.signed(instance, operation), { signatures, operation })
  }
  repository.warm()

  return {
    reference,
    traits: Object.freeze({
      foreignLayers: true,
      layerCompression: 'compress',
      parallelBlobs: repository.session.options.parallelBlobs,
      get signatures() {
        return keptFormats(places)
      },
    }),
    ...blobMethods(blobs),
    hasManifest: async (manifest, options: PutManifestOptions = {}) => {
      options.signal?.throwIfAborted()
      return await manifests.has(manifest, options)
    },
    putManifest: async (manifest, options: PutManifestOptions = {}) => {
      options.signal?.throwIfAborted()
      await manifests.put(manifest, options)
    },
    ...(keptFormats(places).length > 0 && { putSignatures }),
    commit: async (options = {}) => {
      options.signal?.throwIfAborted()
      await manifests.commit(options)
    },
    [Symbol.asyncDispose]: async () => await blobs.close(),
  }
}

type BlobMethods = Pick<ImageDestination, 'putBlob' | 'reuseBlob' | 'findBlob' | 'partialBlob'>

function blobMethods(blobs: BlobWriter): BlobMethods {
  return {
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
  }
}
