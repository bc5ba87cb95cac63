import { join } from 'node:path'
import { type BlobPaths, blobPaths } from '@crossdock/blob-files'
import { digestAlgorithm, digestEncoded } from '@crossdock/core'

/** Where things lie in a store. All but `ingest` and the database is where `oci:` has it, so that both share what they know of blobs. */
export interface StorePaths {
  readonly folder: string
  /** Blobs on their way, a folder each. */
  readonly ingest: string
  /** Files being written, blobs being put, and locks. Other tools do not look there. */
  readonly work: string
  /** The lock under which ingests get their owners. */
  readonly refs: string
  readonly blobs: BlobPaths
}

export function storePaths(folder: string): StorePaths {
  const blobs = join(folder, 'blobs')
  const work = join(folder, '.crossdock')
  return {
    folder,
    ingest: join(folder, 'ingest'),
    work,
    refs: join(work, 'refs'),
    blobs: blobPaths({
      folder: blobs,
      work,
      pathOf: (digest) => join(blobs, digestAlgorithm(digest), digestEncoded(digest)),
    }),
  }
}
