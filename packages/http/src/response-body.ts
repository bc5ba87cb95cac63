import { recycle } from '@crossdock/streams'
import { createChunkQueue } from './chunk-queue.ts'

/** What the connection can be told while a body comes in. */
export interface BodySource {
  pause(): void
  resume(): void
  /** Closes the connection. */
  abort(): void
  /** Somebody waits: whatever bytes are held back shall be pushed. */
  flush?(): void
}

/** A body between the connection, which pushes, and the one reader, who pulls. */
export interface ResponseBody extends AsyncIterable<Uint8Array> {
  /** Whether the reader waits, or whatever comes is dropped anyway. */
  readonly wanted: boolean
  push(chunk: Uint8Array): void
  end(): void
  /** What came before is still read, unless `drop` says that nobody shall. */
  fail(error: unknown, options?: { readonly drop: boolean }): void
  discard(): Promise<void>
}

const MAX_QUEUED_BYTES = 1024 * 1024
const MAX_DRAINED_BYTES = 64 * 1024
const MAX_DRAIN_MS = 1000

interface Reader {
  readonly resolve: (result: IteratorResult<Uint8Array, undefined>) => void
  readonly reject: (error: unknown) => void
}

function iteratorOf(read: (reader: Reader) => void, leave: () => void): AsyncIterator<Uint8Array, undefined> {
  return {
    next: () => new Promise((resolve, reject) => read({ resolve, reject })),
    return: () => {
      leave()
      return Promise.resolve({ done: true, value: undefined })
    },
  }
}

/** A short rest of a body that nobody wants is read in the background, so that the connection can be used again. */
interface Drain {
  take(chunk: Uint8Array): void
  stop(): void
}

function startDrain(source: BodySource): Drain {
  let bytes = 0
  const timer = setTimeout(() => source.abort(), MAX_DRAIN_MS)
  source.resume()
  return {
    take(chunk) {
      bytes += chunk.byteLength
      recycle(chunk)
      if (bytes > MAX_DRAINED_BYTES) source.abort()
    },
    stop: () => clearTimeout(timer),
  }
}

type State = { readonly ended: true } | { readonly error: unknown } | undefined

export function createResponseBody(source: BodySource): ResponseBody {
  const queue = createChunkQueue()
  let reader: Reader | undefined
  let state: State
  let drain: Drain | undefined

  function settle(): void {
    if (reader === undefined || (queue.bytes === 0 && state === undefined)) return
    const { resolve, reject } = reader
    // First of all: a connection that goes on may push the next chunk at once, and that one is not for this reader.
    reader = undefined
    const value = queue.take()
    if (value !== undefined) {
      resolve({ done: false, value })
      source.resume()
    } else if (state !== undefined && 'error' in state) reject(state.error)
    else resolve({ done: true, value: undefined })
  }

  function over(now: State): void {
    drain?.stop()
    state ??= now
    settle()
  }

  function leave(): void {
    queue.clear()
    const running = state === undefined
    over({ ended: true })
    if (running) source.abort()
  }

  return {
    get wanted() {
      return reader !== undefined || drain !== undefined
    },
    [Symbol.asyncIterator]: () =>
      iteratorOf((next) => {
        reader = next
        if (queue.bytes === 0 && state === undefined) source.flush?.()
        settle()
      }, leave),
    push(chunk) {
      if (drain !== undefined) {
        drain.take(chunk)
        return
      }
      queue.push(chunk)
      if (queue.bytes >= MAX_QUEUED_BYTES && reader === undefined) source.pause()
      settle()
    },
    end: () => over({ ended: true }),
    fail(error, options) {
      if (options?.drop === true) queue.clear()
      over({ error })
    },
    discard() {
      queue.clear()
      if (state === undefined) drain ??= startDrain(source)
      return Promise.resolve()
    },
  }
}
