import { join } from 'node:path'
import { digestAlgorithm, digestEncoded, type Digest } from '@crossdock/core'

/** Where things lie in a layout (image-spec, image-layout.md). */
export interface LayoutPaths {
  readonly root: string
  readonly marker: string
  readonly index: string
  /** Our own files: the lock of `index.json` and files being written. Other tools do not look there. */
  readonly work: string
  readonly blobs: BlobPaths
}

/** Where blobs lie; outside the layout if several layouts share them. */
export interface BlobPaths {
  readonly folder: string
  readonly shared: boolean
  /** Blobs being written and what is known of finished ones; on the file system of `folder`, for renaming. */
  readonly work: string
  readonly partial: string
  readonly stamps: string
}

const WORK = '.crossdock'

export function layoutPaths(root: string, sharedBlobDir?: string): LayoutPaths {
  const blobWork = join(sharedBlobDir ?? root, WORK)
  return {
    root,
    marker: join(root, 'oci-layout'),
    index: join(root, 'index.json'),
    work: join(root, WORK),
    blobs: {
      folder: sharedBlobDir ?? join(root, 'blobs'),
      shared: sharedBlobDir !== undefined,
      work: blobWork,
      partial: join(blobWork, 'partial'),
      stamps: join(blobWork, 'stamps'),
    },
  }
}

export function isWorkFolder(name: string): boolean {
  return name === WORK
}

export function algorithmFolder(blobs: BlobPaths, digest: Digest): string {
  return join(blobs.folder, digestAlgorithm(digest))
}

/** A digest is checked before it becomes one: its encoded part is a safe file name. */
export function blobPath(blobs: BlobPaths, digest: Digest): string {
  return join(algorithmFolder(blobs, digest), digestEncoded(digest))
}
