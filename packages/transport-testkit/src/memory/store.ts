import { digestAlgorithm, digestOf, type Digest, type ManifestBytes, type Signature } from '@crossdock/core'
import type { TestImage } from '../images/test-image.ts'
import { parseLocation, type MemoryLocation } from './reference.ts'

/** What a repository in memory holds. */
export interface MemoryRepository {
  readonly blobs: Map<Digest, Uint8Array>
  /** Heads of blobs, from interrupted puts. */
  readonly partials: Map<Digest, Uint8Array>
  readonly manifests: Map<Digest, ManifestBytes>
  readonly tags: Map<string, Digest>
  readonly signatures: Map<Digest, readonly Signature[]>
}

/** One opening of a stored blob. */
export interface BlobOpen {
  readonly repository: string
  readonly digest: Digest
  readonly offset: number
}

/** Everything that one memory transport holds, to be filled and looked at by tests. Names are those of references. */
export interface MemoryStore {
  /** Every opening of a stored blob by a source, in order. */
  readonly blobOpens: readonly BlobOpen[]
  repository(name: string): MemoryRepository
  /** Whether the repository holds anything. */
  has(repository: string): boolean
  /** Puts an image, signatures of its root included, without going through a destination. */
  put(name: string, image: TestImage, options?: { readonly signatures?: readonly Signature[] | undefined }): void
  /** What a name stands for; undefined if nothing is there. */
  digest(name: string): Digest | undefined
  blob(name: string, digest: Digest): Uint8Array | undefined
  /** Bytes kept from an interrupted put; 0 if there are none. */
  partial(name: string, digest: Digest): number
  /** Flips a bit in the first byte of a blob or manifest. Throws a `RangeError` if it is not there or empty. */
  corrupt(name: string, digest: Digest): void
  /** Forgets a blob or manifest that something may still name. */
  lose(name: string, digest: Digest): void
}

/** For the source: a store that also takes note of openings. */
export interface RecordingStore extends MemoryStore {
  opened(open: BlobOpen): void
}

export function createMemoryStore(): RecordingStore {
  const repositories = new Map<string, MemoryRepository>()
  const blobOpens: BlobOpen[] = []
  const repository = (name: string): MemoryRepository => {
    const known = repositories.get(name) ?? emptyRepository()
    repositories.set(name, known)
    return known
  }
  const at = (name: string): MemoryRepository => repositories.get(parseLocation(name).repository) ?? emptyRepository()
  return {
    blobOpens,
    opened: (open) => void blobOpens.push(open),
    repository,
    has: (name) => isUsed(repositories.get(name)),
    put(name, image, { signatures } = {}) {
      const location = parseLocation(name)
      const into = repository(location.repository)
      for (const { descriptor, bytes } of image.blobs) into.blobs.set(descriptor.digest, bytes)
      for (const manifest of image.manifests) into.manifests.set(manifest.digest, manifest)
      if (location.tag !== undefined) into.tags.set(location.tag, image.root.digest)
      if (signatures !== undefined) into.signatures.set(image.root.digest, signatures)
    },
    digest: (name) => findDigest(at(name), parseLocation(name)),
    blob: (name, digest) => at(name).blobs.get(digest),
    partial: (name, digest) => at(name).partials.get(digest)?.byteLength ?? 0,
    corrupt: (name, digest) => corrupt(at(name), digest),
    lose(name, digest) {
      at(name).blobs.delete(digest)
      at(name).manifests.delete(digest)
    },
  }
}

/** What a location stands for now. */
export function findDigest(repository: MemoryRepository, { tag, digest }: MemoryLocation): Digest | undefined {
  if (digest !== undefined) return repository.manifests.has(digest) ? digest : undefined
  return tag === undefined ? undefined : repository.tags.get(tag)
}

function isUsed(repository: MemoryRepository | undefined): boolean {
  return repository !== undefined && repository.blobs.size + repository.manifests.size > 0
}

export function isIntact(digest: Digest, bytes: Uint8Array): boolean {
  return digestOf(bytes, digestAlgorithm(digest)) === digest
}

function emptyRepository(): MemoryRepository {
  return { blobs: new Map(), partials: new Map(), manifests: new Map(), tags: new Map(), signatures: new Map() }
}

function corrupt(repository: MemoryRepository, digest: Digest): void {
  const manifest = repository.manifests.get(digest)
  const blob = repository.blobs.get(digest)
  if (manifest !== undefined) repository.manifests.set(digest, { ...manifest, bytes: flipped(manifest.bytes) })
  if (blob !== undefined) repository.blobs.set(digest, flipped(blob))
  if (manifest === undefined && blob === undefined) throw new RangeError(`${digest} is not there to be damaged`)
}

function flipped(bytes: Uint8Array): Uint8Array {
  const [first] = bytes
  if (first === undefined) throw new RangeError('nothing can be damaged in no bytes')
  const copy = bytes.slice()
  copy[0] = first ^ 1
  return copy
}
