import { openBlob, readManifestBlob } from '@crossdock/blob-files'
import { type OperationOptions, shortDigest } from '@crossdock/core'
import { MAX_SIGNATURE_BYTES, type ManifestReader, type SignatureBlobReader } from '@crossdock/formats'
import { readVerified } from '@crossdock/streams'
import type { StorePaths } from '../store-paths.ts'

/** Reads the manifests that lie in a store. */
export function manifestReader({ blobs }: Pick<StorePaths, 'blobs'>): ManifestReader {
  return async (descriptor, options) => {
    options?.signal?.throwIfAborted()
    return await readManifestBlob(blobs, descriptor)
  }
}

/** Reads the blobs of signatures, each whole and verified. */
export function signatureReader(
  { blobs }: Pick<StorePaths, 'blobs'>,
  { signal }: OperationOptions = {},
): SignatureBlobReader {
  return async (blob) => {
    await using body = await openBlob(blobs, blob, { signal })
    const { digest, size } = blob
    const what = `the blob ${shortDigest(digest)} of signatures`
    return await readVerified(body, { digest, size }, { limitBytes: MAX_SIGNATURE_BYTES, what })
  }
}
