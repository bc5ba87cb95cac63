import { raceSignal } from '@crossdock/streams'

/** The chunks of a body, one when it is asked for. */
export interface Chunks {
  /** Undefined at the end. */
  next(): Promise<Uint8Array | undefined>
  /** Releases what is behind the body, if it has not ended. */
  close(): Promise<void>
}

/** An abort ends the wait for a chunk at once, with the signal's reason. */
export function createChunks(body: AsyncIterable<Uint8Array>, signal?: AbortSignal): Chunks {
  const iterator = body[Symbol.asyncIterator]()
  let ended = false
  return {
    async next() {
      if (ended) return undefined
      signal?.throwIfAborted()
      try {
        const { done, value } = await raceSignal(iterator.next(), signal)
        ended = done === true
        return done === true ? undefined : value
      } catch (reason) {
        ended = signal?.aborted !== true // a body that failed has ended
        throw reason
      }
    },
    async close() {
      if (ended) return
      ended = true
      const closing = iterator.return?.()
      // A body that does not answer would not answer this either.
      if (signal?.aborted === true) closing?.catch(ignore)
      else await closing
    },
  }
}

function ignore(): void {}
