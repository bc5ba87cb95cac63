import { dirname } from 'node:path'
import type { Digest } from '@crossdock/core'
import type { BlobPaths } from './blob-paths.ts'
import { syncFolder } from './files.ts'

/** The names of these blobs outlive a power cut. Throws `IO`. */
export async function syncFoldersOf(blobs: BlobPaths, digests: Iterable<Digest>): Promise<void> {
  const folders = new Set([...digests].map((digest) => dirname(blobs.pathOf(digest))))
  for (const folder of [...folders, blobs.folder]) await syncFolder(folder)
}
