import type { Descriptor, ManifestBytes } from '@crossdock/core'
import { type DocumentReader, documentReader } from '@crossdock/formats'
import { readInstance } from './manifests.ts'
import type { FolderPaths } from './paths.ts'

/** Reads the documents of the image; what is not there or cannot be used is passed over. `top` lies under no digest. */
export function imageReader(paths: FolderPaths, top: ManifestBytes): DocumentReader {
  const read = async ({ digest }: Descriptor): Promise<ManifestBytes> =>
    digest === top.digest ? top : await readInstance(paths, digest)
  return documentReader(read, { passOver: 'unusable' })
}

export function describe({ mediaType, digest, bytes }: ManifestBytes): Descriptor {
  return { mediaType, digest, size: bytes.byteLength }
}
