import { type BlobBody, createHasher, type Descriptor, type Digest } from '@crossdock/core'
import { compress, decompress, skipBytes, verifyBlob } from '@crossdock/streams'
import type { LearningBody } from './diff-id-body.ts'
import type { Packing } from './packing.ts'
import { MAX_UNPACKED_BYTES } from './unpacked-limit.ts'

export interface PackedBodyOptions {
  readonly packing: Packing
  /** Whether the diff ID is to be learnt: that is a hash more. */
  readonly learns: boolean
}

/**
 * A layer in another packing. Its own bytes are verified before they are unpacked to their end; the same layer gives the same
 * bytes each time, so that an attempt that broke off can be gone on with.
 */
export function packedBody(body: BlobBody, layer: Descriptor, { packing, learns }: PackedBodyOptions): LearningBody {
  let found: Digest | undefined
  const packed = (): AsyncIterable<Uint8Array> => {
    const { format, level } = packing
    const plain = decompress(verifyBlob(body.open(), layer), { limitBytes: MAX_UNPACKED_BYTES })
    const heard = learns ? hashed(plain, (digest) => (found = digest)) : plain
    return format === 'none' ? heard : compress(heard, { format, level })
  }
  return { open: (offset = 0) => skipBytes(packed(), offset), diffId: () => found }
}

async function* hashed(bytes: AsyncIterable<Uint8Array>, tell: (digest: Digest) => void): AsyncGenerator<Uint8Array> {
  const hasher = createHasher('sha256')
  for await (const chunk of bytes) {
    hasher.update(chunk)
    yield chunk
  }
  tell(hasher.digest())
}
