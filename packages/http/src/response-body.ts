/** What the connection can be told while a body comes in. */
export interface BodySource {
  pause(): void
  resume(): void
  /** Closes the connection. */
  abort(): void
}

/** A body between the connection, which pushes, and the one reader, who pulls. */
export interface ResponseBody extends AsyncIterable<Uint8Array> {
  push(chunk: Uint8Array): void
  end(): void
  /** What came before is still read, unless `drop` says that nobody shall. */
  fail(error: unknown, options?: { readonly drop: boolean }): void
  discard(): Promise<void>
}

const MAX_QUEUED_BYTES = 512 * 1024
const MAX_DRAINED_BYTES = 64 * 1024
const MAX_DRAIN_MS = 1000

interface Reader {
  readonly resolve: (result: IteratorResult<Uint8Array, undefined>) => void
  readonly reject: (error: unknown) => void
}

/**
 * Chunks that wait for the reader are handed over as one: each chunk costs the reader a hash call and a write, and a copy is
 * cheaper than that.
 */
export function createResponseBody(source: BodySource): ResponseBody {
  let queue: Uint8Array[] = []
  let queuedBytes = 0
  let reader: Reader | undefined
  let ended = false
  let failure: { readonly error: unknown } | undefined
  let drained: { bytes: number; readonly timer: ReturnType<typeof setTimeout> } | undefined

  function take(): Uint8Array | undefined {
    if (queuedBytes === 0) return undefined
    const chunk = queue.length === 1 ? queue[0] : Buffer.concat(queue, queuedBytes)
    queue = []
    queuedBytes = 0
    source.resume()
    return chunk
  }

  function settle(): void {
    if (reader === undefined) return
    const { resolve, reject } = reader
    const chunk = take()
    if (chunk !== undefined) resolve({ done: false, value: chunk })
    else if (failure !== undefined) reject(failure.error)
    else if (ended) resolve({ done: true, value: undefined })
    else return
    reader = undefined
  }

  function leave(): void {
    const over = ended || failure !== undefined
    ended = true
    queue = []
    queuedBytes = 0
    if (!over) source.abort()
    settle()
  }

  const iterator: AsyncIterator<Uint8Array, undefined> = {
    next: () =>
      new Promise((resolve, reject) => {
        reader = { resolve, reject }
        settle()
      }),
    return: () => {
      leave()
      return Promise.resolve({ done: true, value: undefined })
    },
  }

  return {
    [Symbol.asyncIterator]: () => iterator,
    push(chunk) {
      if (drained !== undefined) {
        drained.bytes += chunk.byteLength
        if (drained.bytes > MAX_DRAINED_BYTES) source.abort()
        return
      }
      queue.push(chunk)
      queuedBytes += chunk.byteLength
      if (queuedBytes >= MAX_QUEUED_BYTES && reader === undefined) source.pause()
      settle()
    },
    end() {
      clearTimeout(drained?.timer)
      ended = true
      settle()
    },
    fail(error, options) {
      clearTimeout(drained?.timer)
      if (options?.drop === true) {
        queue = []
        queuedBytes = 0
      }
      failure ??= { error }
      settle()
    },
    discard() {
      if (ended || failure !== undefined || drained !== undefined) {
        queue = []
        queuedBytes = 0
        return Promise.resolve()
      }
      // A short rest is read in the background, so that the connection can be used again.
      drained = { bytes: queuedBytes, timer: setTimeout(() => source.abort(), MAX_DRAIN_MS) }
      queue = []
      queuedBytes = 0
      source.resume()
      return Promise.resolve()
    },
  }
}
