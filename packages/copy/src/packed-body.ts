import type { BlobBody, Descriptor } from '@crossdock/core'
import { compress, decompress, skipBytes, verifyBlob } from '@crossdock/streams'
import type { Packing } from './packing.ts'

/** No layer unpacks to more than this: 1 TiB. What unpacks to much more than it was is refused long before. */
const MAX_UNPACKED_BYTES = 2 ** 40

/**
 * A layer in another packing. Its own bytes are verified before they are unpacked to their end; the same layer gives the same
 * bytes each time, so that an attempt that broke off can be gone on with.
 */
export function packedBody(body: BlobBody, layer: Descriptor, packing: Packing): BlobBody {
  return { open: (offset = 0) => skipBytes(packed(verifyBlob(body.open(), layer), packing), offset) }
}

function packed(bytes: AsyncIterable<Uint8Array>, { format, level }: Packing): AsyncIterable<Uint8Array> {
  const plain = decompress(bytes, { limitBytes: MAX_UNPACKED_BYTES })
  return format === 'none' ? plain : compress(plain, { format, level })
}
