import { type BlobPaths, readManifestBlob } from '@crossdock/blob-files'
import type { ManifestReader } from '@crossdock/formats'

/** Reads the manifests that lie among these blobs. */
export function manifestReader(blobs: BlobPaths): ManifestReader {
  return async (descriptor, options) => {
    options?.signal?.throwIfAborted()
    return await readManifestBlob(blobs, descriptor)
  }
}
