import {
  digestAlgorithm,
  ImageError,
  imageName,
  manifestDigest,
  MAX_MANIFEST_BYTES,
  quoteForeign,
  type BlobHint,
  type Descriptor,
  type Digest,
  type ImageDestination,
  type ImageReference,
  type ManifestBytes,
  type ReusedBlob,
  type Signature,
} from '@crossdock/core'
import { linksOf } from './document.ts'
import { putBlob } from './put-blob.ts'
import type { OpenedLocation } from './source.ts'
import { findDigest, isIntact, type MemoryRepository } from './store.ts'

/** What is written but not committed. */
interface Staged {
  readonly manifests: Map<Digest, ManifestBytes>
  readonly signatures: Map<Digest, readonly Signature[]>
  /** Names besides that of the location. */
  readonly tags: Map<string, Digest>
  root: Digest | undefined
}

/** Blobs are there as soon as they are verified; manifests, signatures and the name come with `commit`, all at once. */
export function openDestination(opened: OpenedLocation): ImageDestination {
  const { reference, location, store, options } = opened
  const repository = store.repository(location.repository)
  const staged: Staged = {
    manifests: new Map(),
    signatures: new Map(),
    tags: new Map(),
    root: undefined,
  }
  return {
    reference,
    traits: options.destinationTraits,
    ...blobMethods(opened, repository),
    async hasManifest({ digest }, manifestOptions) {
      manifestOptions?.signal?.throwIfAborted()
      const { instance, tag } = manifestOptions ?? {}
      const named = tag === undefined ? (instance ?? findDigest(repository, location)) : repository.tags.get(tag)
      return named === digest && isComplete(repository, digest)
    },
    async putManifest(manifest, { signal, instance, tag } = {}) {
      signal?.throwIfAborted()
      checkManifest(manifest, { expected: instance ?? location.digest, opened, repository })
      staged.manifests.set(manifest.digest, manifest)
      if (instance === undefined) staged.root = manifest.digest
      else if (tag !== undefined) staged.tags.set(tag, instance)
    },
    async putSignatures(signatures, instance, operation) {
      operation?.signal?.throwIfAborted()
      const signed = instance ?? staged.root
      if (signed === undefined)
        throw new ImageError('CONFLICT', 'there is no manifest yet that the signatures could belong to')
      checkSignatures(signatures, opened)
      staged.signatures.set(signed, signatures)
    },
    async commit(operation) {
      operation?.signal?.throwIfAborted()
      commit(repository, staged, location.tag)
    },
    async [Symbol.asyncDispose]() {},
  }
}

function commit(repository: MemoryRepository, staged: Staged, tag: string | undefined): void {
  for (const [digest, manifest] of staged.manifests) repository.manifests.set(digest, manifest)
  for (const [digest, signatures] of staged.signatures) repository.signatures.set(digest, signatures)
  for (const [name, digest] of staged.tags) repository.tags.set(name, digest)
  if (tag !== undefined && staged.root !== undefined) repository.tags.set(tag, staged.root)
}

const MAX_SIGNATURES = 1000
const MAX_SIGNATURE_BYTES = 4 * 1024 * 1024

function checkSignatures(signatures: readonly Signature[], { reference }: OpenedLocation): void {
  const isLarge = signatures.some(({ bytes }) => bytes.byteLength > MAX_SIGNATURE_BYTES)
  if (signatures.length <= MAX_SIGNATURES && !isLarge) return
  const image = imageName(reference)
  const problem = isLarge ? 'a signature that is too large' : 'too many signatures'
  throw new ImageError('LIMIT_EXCEEDED', `${image} is given ${problem}`, { image })
}

type BlobMethods = Pick<ImageDestination, 'putBlob' | 'findBlob' | 'reuseBlob' | 'partialBlob'>

function blobMethods(opened: OpenedLocation, repository: MemoryRepository): BlobMethods {
  const find = (blob: Pick<Descriptor, 'digest'> & Pick<BlobHint, 'from'>): ReturnType<typeof findBlob> =>
    findBlob(opened, repository, blob)
  return {
    putBlob: (body, hint, operation) => putBlob(repository, body, { hint, operation }),
    async findBlob(blob, operation) {
      operation?.signal?.throwIfAborted()
      const found = find(blob)
      if (found === undefined) return undefined
      return found.mountedFrom === undefined ? 'present' : 'mountable'
    },
    async reuseBlob({ from, ...blob }, operation): Promise<ReusedBlob | undefined> {
      operation?.signal?.throwIfAborted()
      const found = find({ digest: blob.digest, from })
      if (found?.bytes.byteLength !== blob.size) return undefined
      repository.blobs.set(blob.digest, found.bytes)
      return { blob, mountedFrom: found.mountedFrom }
    },
    async partialBlob({ digest, size }, operation) {
      operation?.signal?.throwIfAborted()
      const kept = repository.partials.get(digest)?.byteLength ?? 0
      return kept > size ? 0 : kept
    },
  }
}

interface FoundBlob {
  readonly bytes: Uint8Array
  readonly mountedFrom: string | undefined
}

/** Looks here, then in the repository of the same store that the blob comes from. Damaged content is not found. */
function findBlob(
  { reference, store }: OpenedLocation,
  repository: MemoryRepository,
  { digest, from }: Pick<Descriptor, 'digest'> & Pick<BlobHint, 'from'>,
): FoundBlob | undefined {
  const here = repository.blobs.get(digest)
  if (here !== undefined && isIntact(digest, here)) return { bytes: here, mountedFrom: undefined }
  const name = from?.transport === reference.transport ? repositoryOf(from) : undefined
  if (name === undefined || !store.has(name)) return undefined
  const there = store.repository(name).blobs.get(digest)
  return there === undefined || !isIntact(digest, there) ? undefined : { bytes: there, mountedFrom: name }
}

function repositoryOf(reference: ImageReference): string {
  return /^[^:@]*/.exec(reference.toString())?.[0] ?? ''
}

function isComplete(repository: MemoryRepository, digest: Digest): boolean {
  const manifest = repository.manifests.get(digest)
  if (manifest === undefined) return false
  const { blobs, children } = linksOf(manifest.bytes)
  return blobs.every((blob) => repository.blobs.has(blob)) && children.every((child) => isComplete(repository, child))
}

interface ManifestCheck {
  readonly expected: Digest | undefined
  readonly opened: OpenedLocation
  readonly repository: MemoryRepository
}

function checkManifest({ bytes, digest, mediaType }: ManifestBytes, check: ManifestCheck): void {
  const { expected = digest, opened, repository } = check
  const image = imageName(opened.reference)
  const { manifestTypes } = opened.options.destinationTraits
  if (manifestTypes !== undefined && !manifestTypes.includes(mediaType)) {
    throw new ImageError('UNSUPPORTED', `${image} takes no manifest of type "${quoteForeign(mediaType, 100)}"`, {
      image,
    })
  }
  if (bytes.byteLength > MAX_MANIFEST_BYTES) {
    throw new ImageError('LIMIT_EXCEEDED', `a manifest for ${image} is larger than ${MAX_MANIFEST_BYTES} bytes`, {
      image,
    })
  }
  const actual = manifestDigest(bytes, digestAlgorithm(digest))
  if (actual !== digest || expected !== digest) {
    throw new ImageError('DIGEST_MISMATCH', `a manifest for ${image} should be ${expected} but is ${actual}`, { image })
  }
  const missing = linksOf(bytes).blobs.filter((blob) => !repository.blobs.has(blob))
  if (missing.length > 0) {
    throw new ImageError('NOT_FOUND', `${image} lacks blobs that its manifest names: ${missing.join(', ')}`, {
      image,
      missing,
    })
  }
}
