import { openBlob } from '@crossdock/blob-files'
import { type OperationOptions, shortDigest } from '@crossdock/core'
import { MAX_SIGNATURE_BYTES, type SignatureBlobReader } from '@crossdock/formats'
import { readVerified } from '@crossdock/streams'
import type { StorePaths } from '../store-paths.ts'

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
