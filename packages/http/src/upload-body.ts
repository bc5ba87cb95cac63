import { ImageError } from '@crossdock/core'
import type { HttpBody } from './http.ts'

/** A request body on its way out, which the end of the request closes even while its source is silent. */
export interface UploadBody extends AsyncIterable<Uint8Array> {
  /** What the source threw, if it did. */
  readonly failure: { readonly error: unknown } | undefined
  /** Takes no more from the source: the server has answered and does not want the rest. */
  pause(): void
  /** Ends the body and releases its source. */
  close(): void
}

interface Reader {
  readonly resolve: (result: IteratorResult<Uint8Array, undefined>) => void
  readonly reject: (error: unknown) => void
}

/** Opens the body once something asks for it. Fails with `INVALID_DATA` if it is not `size` bytes. */
export function createUploadBody(body: HttpBody, what: string): UploadBody {
  let source: AsyncIterator<Uint8Array> | undefined
  let reader: Reader | undefined
  let failure: { readonly error: unknown } | undefined
  let sent = 0
  let paused = false
  let closed = false

  function fail(error: unknown): void {
    failure ??= { error }
    reader?.reject(error)
    reader = undefined
  }

  function deliver(result: IteratorResult<Uint8Array>): void {
    if (closed || paused) return
    sent += result.done === true ? 0 : result.value.byteLength
    if (sent > body.size || (result.done === true && sent < body.size)) {
      const found = result.done === true ? `only ${sent} came` : 'more came'
      fail(new ImageError('INVALID_DATA', `${what}: the body to send was to be ${body.size} bytes, but ${found}`))
      return
    }
    reader?.resolve(result.done === true ? { done: true, value: undefined } : result)
    reader = undefined
  }

  function close(): void {
    if (closed) return
    closed = true
    reader?.resolve({ done: true, value: undefined })
    reader = undefined
    // The source's own trouble in ending has nobody left to hear of it.
    source?.return?.().catch(() => undefined)
  }

  const iterator: AsyncIterator<Uint8Array, undefined> = {
    next: () =>
      new Promise((resolve, reject) => {
        if (closed) return resolve({ done: true, value: undefined })
        reader = { resolve, reject }
        if (paused) return
        try {
          source ??= body.open()[Symbol.asyncIterator]()
          source.next().then(deliver, fail)
        } catch (error) {
          fail(error)
        }
      }),
    return: () => {
      close()
      return Promise.resolve({ done: true, value: undefined })
    },
  }

  return {
    get failure() {
      return failure
    },
    pause() {
      paused = true
    },
    close,
    [Symbol.asyncIterator]: () => iterator,
  }
}
