import {
  type Descriptor,
  digestAlgorithm,
  digestOf,
  ImageError,
  MAX_MANIFEST_BYTES,
  type ManifestBytes,
  type OperationOptions,
} from '@crossdock/core'
import type { BlobPaths } from './blob-paths.ts'
import { naming, quotePath } from './file-errors.ts'
import { readFully } from './files.ts'
import { openOfSize } from './open-blob.ts'

/**
 * Reads the manifests that lie among these blobs, each verified against its descriptor. Throws `NOT_FOUND`, `LIMIT_EXCEEDED`, and
 * `DIGEST_MISMATCH` for a wrong size or digest: a folder is as little trusted as a registry.
 */
export function manifestReader(
  blobs: BlobPaths,
): (descriptor: Descriptor, options?: OperationOptions) => Promise<ManifestBytes> {
  return async (descriptor, options) => {
    options?.signal?.throwIfAborted()
    const { digest, size, mediaType } = descriptor
    const path = blobs.pathOf(digest)
    if (size > MAX_MANIFEST_BYTES) throw tooLarge(path, size)
    const { handle } = await openOfSize(path, descriptor)
    try {
      const bytes = Buffer.allocUnsafeSlow(size)
      const length = await naming('read', path, () => readFully(handle, bytes, 0))
      const actual = digestOf(bytes.subarray(0, length), digestAlgorithm(digest))
      if (actual === digest) return { bytes, mediaType, digest }
      throw new ImageError(
        'DIGEST_MISMATCH',
        `${quotePath(path)} should hold ${digest}, but its bytes are ${actual}: it is damaged`,
      )
    } finally {
      await handle.close()
    }
  }
}

function tooLarge(path: string, size: number): ImageError {
  return new ImageError(
    'LIMIT_EXCEEDED',
    `${quotePath(path)}: the manifest has ${size} bytes, by what lists it; at most ${MAX_MANIFEST_BYTES} are read`,
  )
}
