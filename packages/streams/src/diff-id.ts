import { createHasher, type Digest, type DigestAlgorithm } from '@crossdock/core'
import { recycle } from './chunk-pool.ts'
import { decompress, type DecompressOptions } from './decompress.ts'

export interface DiffIdOptions extends DecompressOptions {
  /** Default: sha256, which configurations of images use. */
  readonly algorithm?: DigestAlgorithm | undefined
}

/** What a layer is without its packing. */
export interface DiffId {
  /** The digest of the unpacked bytes. */
  readonly diffId: Digest
  /** How many unpacked bytes there are. */
  readonly size: number
}

/**
 * Reads a layer, packed or not, to its end and says what it unpacks to. Throws what {@link decompress} throws. The digest of
 * the packed bytes is not looked at: hand a body that `verifyBlob` reads.
 */
export async function diffId(body: AsyncIterable<Uint8Array>, options: DiffIdOptions): Promise<DiffId> {
  const hasher = createHasher(options.algorithm ?? 'sha256')
  let size = 0
  for await (const chunk of decompress(body, options)) {
    hasher.update(chunk)
    size += chunk.byteLength
    recycle(chunk)
  }
  return { diffId: hasher.digest(), size }
}
