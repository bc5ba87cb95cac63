import { join } from 'node:path'
import type { Digest } from '@crossdock/core'

/** Where blobs lie as files, and what belongs to them. */
export interface BlobPaths {
  /** Blobs, or folders with blobs, are in this one. */
  readonly folder: string
  /** Blobs being written and what is known of finished ones; on the file system of `folder`, for renaming. */
  readonly work: string
  readonly partial: string
  readonly stamps: string
  /** Where a blob lies once it is whole. The encoded part of a digest is a safe file name. */
  pathOf(digest: Digest): string
}

export interface BlobPathsOptions extends Pick<BlobPaths, 'folder' | 'work' | 'pathOf'> {}

export function blobPaths({ folder, work, pathOf }: BlobPathsOptions): BlobPaths {
  return { folder, work, partial: join(work, 'partial'), stamps: join(work, 'stamps'), pathOf }
}
