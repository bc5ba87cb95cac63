import {
  digestAlgorithm,
  ImageError,
  imageName,
  manifestDigest,
  MAX_MANIFEST_BYTES,
  type BlobReader,
  type Descriptor,
  type Digest,
  type GetBlobOptions,
  type ImageReference,
  type ImageSource,
  type ManifestBytes,
  type OperationOptions,
  type Referrer,
} from '@crossdock/core'
import { linksOf } from './document.ts'
import type { MemoryLocation } from './reference.ts'
import { findDigest, type MemoryRepository, type RecordingStore } from './store.ts'
import type { ResolvedOptions } from './options.ts'
import { untilAborted } from './until-aborted.ts'

export interface OpenedLocation {
  readonly reference: ImageReference
  readonly location: MemoryLocation
  readonly store: RecordingStore
  readonly options: ResolvedOptions
}

/** Opens what the name stands for now; what it stands for later is not seen. Throws `NOT_FOUND`. */
export function openSource(opened: OpenedLocation): ImageSource {
  const { reference, location, store, options } = opened
  const image = imageName(reference)
  const repository = store.repository(location.repository)
  const root = findDigest(repository, location)
  if (root === undefined) throw new ImageError('NOT_FOUND', `there is no image at ${image}`, { image })
  return {
    reference,
    traits: options.sourceTraits,
    async getManifest(instance, operation) {
      operation?.signal?.throwIfAborted()
      return readManifest(repository, instance ?? root, image)
    },
    getBlob: async (blob, blobOptions) => openBlob(opened, repository, blob, blobOptions),
    async blobSize(digest, operation) {
      operation?.signal?.throwIfAborted()
      return storedBlob(repository, digest, image).byteLength
    },
    async getSignatures(instance, operation) {
      operation?.signal?.throwIfAborted()
      return repository.signatures.get(instance ?? root) ?? []
    },
    referrers: (subject, operation) => listReferrers(repository, subject, operation),
    async [Symbol.asyncDispose]() {},
  }
}

function readManifest(repository: MemoryRepository, digest: Digest, image: string): ManifestBytes {
  const manifest = repository.manifests.get(digest)
  if (manifest === undefined) throw new ImageError('NOT_FOUND', `${image} has no manifest ${digest}`, { image })
  if (manifest.bytes.byteLength > MAX_MANIFEST_BYTES) {
    throw new ImageError('LIMIT_EXCEEDED', `the manifest of ${image} is larger than ${MAX_MANIFEST_BYTES} bytes`, {
      image,
    })
  }
  const actual = manifestDigest(manifest.bytes, digestAlgorithm(digest))
  if (actual !== digest) {
    throw new ImageError('DIGEST_MISMATCH', `the manifest ${digest} of ${image} is damaged: its bytes are ${actual}`, {
      image,
    })
  }
  return { ...manifest, bytes: manifest.bytes.slice() }
}

function openBlob(
  { reference, location, store, options }: OpenedLocation,
  repository: MemoryRepository,
  { digest }: Descriptor,
  { offset = 0, end, signal }: GetBlobOptions = {},
): BlobReader {
  signal?.throwIfAborted()
  const image = imageName(reference)
  const bytes = storedBlob(repository, digest, image)
  if (!Number.isSafeInteger(offset) || offset < 0 || offset > bytes.byteLength) {
    throw new ImageError(
      'INVALID_DATA',
      `the blob ${digest} of ${image} has ${bytes.byteLength} bytes, none at ${offset}`,
      { image },
    )
  }
  store.opened({ repository: location.repository, digest, offset })
  const chunks = untilAborted(chunked(bytes.subarray(offset, end), options.chunkBytes), signal)
  return {
    size: bytes.byteLength,
    [Symbol.asyncIterator]: () => chunks,
    async [Symbol.asyncDispose]() {
      await chunks.return()
    },
  }
}

function storedBlob(repository: MemoryRepository, digest: Digest, image: string): Uint8Array {
  const bytes = repository.blobs.get(digest)
  if (bytes === undefined) throw new ImageError('NOT_FOUND', `${image} has no blob ${digest}`, { image })
  return bytes
}

/** Each chunk is the receiver's own. */
async function* chunked(bytes: Uint8Array, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += chunkBytes) yield bytes.slice(start, start + chunkBytes)
}

/** What cosign ties to an image by a tag. */
const ATTACHED = ['sig', 'att', 'sbom']

async function* listReferrers(
  repository: MemoryRepository,
  subject: Digest,
  operation: OperationOptions | undefined,
): AsyncGenerator<Referrer> {
  for (const tag of ATTACHED.map((kind) => `${subject.replace(':', '-')}.${kind}`)) {
    operation?.signal?.throwIfAborted()
    const digest = repository.tags.get(tag)
    const manifest = digest === undefined ? undefined : repository.manifests.get(digest)
    if (manifest === undefined) continue
    yield { mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.bytes.byteLength, tag }
  }
  for (const manifest of repository.manifests.values()) {
    operation?.signal?.throwIfAborted()
    const links = linksOf(manifest.bytes)
    if (links.subject !== subject) continue
    const { mediaType, digest, bytes } = manifest
    const { artifactType, annotations } = links
    yield {
      mediaType,
      digest,
      size: bytes.byteLength,
      ...(artifactType !== undefined && { artifactType }),
      ...(annotations !== undefined && { annotations }),
    }
  }
  operation?.signal?.throwIfAborted()
}
