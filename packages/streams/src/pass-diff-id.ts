import { shareChunk } from './chunk-pool.ts'
import { diffId, type DiffId, type DiffIdOptions } from './diff-id.ts'
import { handOver } from './hand-over.ts'

/**
 * Passes a layer, packed or not, on as it is, and says at its end what it unpacks to, so that it is read once for both. Throws what
 * {@link diffId} throws, before the bytes that it is about have passed.
 */
export async function* passDiffId(
  body: AsyncIterable<Uint8Array>,
  options: DiffIdOptions,
): AsyncGenerator<Uint8Array, DiffId> {
  const reading = handOver((beside) => diffId(beside, options))
  try {
    for await (const chunk of body) {
      // Two consume it, and each gives it back. It is read before it goes on: who gets it may write into it.
      shareChunk(chunk)
      await reading.put(chunk)
      yield chunk
    }
    return await reading.end()
  } finally {
    await reading.stop()
  }
}
