import type { BlobBody } from '@crossdock/core'
import { raceSignal } from '@crossdock/streams'

/**
 * The same body, but an abort ends every reading of it at once and closes it, even while it is silent: an async generator would
 * close only after its next bytes came.
 */
export function abortableBody(body: BlobBody, signal: AbortSignal | undefined): BlobBody {
  if (signal === undefined) return body
  return {
    size: body.size,
    open: (offset) => ({ [Symbol.asyncIterator]: () => abortableIterator(body.open(offset), signal) }),
  }
}

function abortableIterator(
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncIterator<Uint8Array, undefined> {
  const inner = bytes[Symbol.asyncIterator]()
  let closed = false

  function end(): void {
    closed = true
    signal.removeEventListener('abort', close)
  }

  function close(): void {
    if (closed) return
    end()
    // One that hangs is not waited for; what it does in ending is its own affair.
    inner.return?.().catch(() => undefined)
  }

  signal.addEventListener('abort', close, { once: true })
  return {
    next: async () => {
      try {
        const result = await raceSignal(inner.next(), signal)
        if (result.done !== true) return result
      } catch (error) {
        end()
        throw error
      }
      end()
      return { done: true, value: undefined }
    },
    return: () => {
      close()
      return Promise.resolve({ done: true, value: undefined })
    },
  }
}
