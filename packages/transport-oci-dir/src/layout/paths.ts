import { join } from 'node:path'
import { type BlobPaths, blobPaths } from '@crossdock/blob-files'
import { digestAlgorithm, digestEncoded } from '@crossdock/core'

/** Where things lie in a layout (image-spec, image-layout.md). */
export interface LayoutPaths {
  readonly root: string
  readonly marker: string
  readonly index: string
  /** Our own files: the lock of `index.json` and files being written. Other tools do not look there. */
  readonly work: string
  /** The database of a store (`@crossdock/store`), should the layout be one. */
  readonly storeDatabase: string
  readonly blobs: LayoutBlobPaths
}

export interface LayoutBlobPaths extends BlobPaths {
  /** Whether they lie outside the layout, for several layouts. */
  readonly shared: boolean
}

const WORK = '.crossdock'

export function layoutPaths(root: string, sharedBlobDir?: string): LayoutPaths {
  const folder = sharedBlobDir ?? join(root, 'blobs')
  return {
    root,
    marker: join(root, 'oci-layout'),
    index: join(root, 'index.json'),
    work: join(root, WORK),
    storeDatabase: join(root, 'crossdock.db'),
    blobs: {
      ...blobPaths({
        folder,
        work: join(sharedBlobDir ?? root, WORK),
        pathOf: (digest) => join(folder, digestAlgorithm(digest), digestEncoded(digest)),
      }),
      shared: sharedBlobDir !== undefined,
    },
  }
}

export function isWorkFolder(name: string): boolean {
  return name === WORK
}
