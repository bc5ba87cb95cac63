import type { Digest, OperationOptions } from '@crossdock/core'
import type { ContentStore } from './contents.ts'
import type { HttpRecords } from './http-records.ts'
import type { ImageNames } from './image-names.ts'
import type { Lease, Leases } from './leases.ts'

export interface CollectOptions extends OperationOptions {
  /** Says what would go, and removes nothing. Default: false. */
  readonly dryRun?: boolean | undefined
  /** Files younger than this stay, in milliseconds: other programs write blobs first and name them later. Default: an hour. */
  readonly minAgeMs?: number | undefined
  /** Ingests that nobody has open and that were not written to for so long go, in milliseconds. Default: a day. */
  readonly minIngestAgeMs?: number | undefined
}

/** What went, or would go. */
export interface Collected {
  readonly blobs: number
  readonly bytes: number
  readonly ingests: number
  /** Of the blobs. */
  readonly digests: readonly Digest[]
  /** Names of images whose `containerd.io/gc.expire` is over, and of what was attached to manifests that nothing needs. */
  readonly images: readonly ImageName[]
  /** Leases that have expired. */
  readonly leases: readonly ExpiredLease[]
  /** How many blobs stay, by what keeps them first. */
  readonly kept: KeptBlobs
}

export interface ImageName {
  readonly namespace: string
  readonly name: string
}

export interface ExpiredLease {
  readonly namespace: string
  readonly id: string
}

/**
 * What keeps a blob: an image name, a lease, a label, an entry of `index.json` that other programs made, an ingest that is to become it, a
 * manifest to which it refers or is attached, or that it is younger than `minAgeMs`.
 */
export type KeptBlobs = Readonly<
  Partial<Record<'image' | 'lease' | 'label' | 'index' | 'ingest' | 'referrer' | 'young', number>>
>

export interface PruneOptions extends CollectOptions {
  /** Images of which nobody made use for so long go, in milliseconds. Default: none goes for its age. */
  readonly unusedForMs?: number | undefined
  /** Of the least recently used images as many go as it takes for the others, and all else that is needed, to fit in so many bytes. Default: none. */
  readonly maxBytes?: number | undefined
  /** Only images that match one of these may go. Default: all may. */
  readonly filters?: readonly string[] | undefined
}

export interface Pruned extends Collected {
  /** Images of this namespace that went, in the order in which they would; what was attached to them is in `images`. */
  readonly names: readonly string[]
}

/** Something that is not as it should be. */
export interface Finding {
  readonly kind: 'missing' | 'size' | 'digest' | 'dangling-name' | 'orphan' | 'index' | 'database'
  /** A digest, a name or a file. */
  readonly subject: string
  readonly message: string
}

export interface VerifyOptions extends OperationOptions {
  /** Whether every blob is hashed; otherwise presence and size are looked at. Default: true. */
  readonly hash?: boolean | undefined
  readonly onProgress?: OperationOptions['onProgress']
}

/**
 * A folder that is an OCI image layout at every instant, and a database beside it with names, labels and leases. Many processes may use one;
 * whatever ends one of them leaves the old state or the new.
 */
export interface Store extends AsyncDisposable {
  readonly folder: string
  readonly content: ContentStore
  readonly images: ImageNames
  readonly leases: Leases
  readonly httpRecords: HttpRecords
  /** The same store, seen by another namespace. Its blobs are the same, its names and labels others. Default: `default`. */
  namespace(name: string): Store
  namespaces(): Promise<readonly string[]>
  /** The same, with everything that is brought in kept by a lease. */
  withLease(lease: Lease): Store
  collect(options?: CollectOptions): Promise<Collected>
  /** Removes image names of this namespace by age and size, then collects. Throws `INVALID_DATA` if neither is given, or for a filter. */
  prune(options: PruneOptions): Promise<Pruned>
  verify(options?: VerifyOptions): AsyncIterable<Finding>
}
