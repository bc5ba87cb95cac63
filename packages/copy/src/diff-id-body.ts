import type { BlobBody, Descriptor, Digest } from '@crossdock/core'
import { passDiffId, skipBytes, verifyBlob } from '@crossdock/streams'
import { MAX_UNPACKED_BYTES } from './unpacked-limit.ts'

/** A layer's bytes; whoever has read them from the first to the last leaves behind what they unpack to. */
export interface LearningBody extends BlobBody {
  /** Undefined until then. */
  diffId(): Digest | undefined
}

/**
 * How much it is worth to learn a layer's diff ID: `needed`, the layer is read from its beginning; `welcome`, as long as nothing has
 * to be read for it that would not be otherwise.
 */
export type Learning = 'needed' | 'welcome'

/** The layer as it is, unpacked beside on its way. It is verified, since what a destination kept of it is no proof of what comes now. */
export function diffIdBody(body: BlobBody, layer: Descriptor, learning: Learning): LearningBody {
  let found: Digest | undefined
  async function* whole(): AsyncGenerator<Uint8Array> {
    const { diffId } = yield* passDiffId(verifyBlob(body.open(), layer), { limitBytes: MAX_UNPACKED_BYTES })
    found = diffId
  }
  return {
    size: layer.size,
    open: (offset = 0, end) =>
      offset > 0 && learning === 'welcome' ? body.open(offset, end) : skipBytes(whole(), offset),
    diffId: () => found,
  }
}
