import { ImageError, type BlobBody } from '@crossdock/core'

export interface FaultyBodyOptions {
  /** How many bytes each failing opening gives before it fails. Default: 0. */
  readonly failAfterBytes?: number | undefined
  /** How many openings fail; later ones are whole. Default: every one. */
  readonly times?: number | undefined
  /** What is thrown. Default: a retryable `UNAVAILABLE`. */
  readonly error?: unknown
}

/** A body and the offsets at which it was opened so far. */
export interface RecordedBody extends BlobBody {
  readonly offsets: readonly number[]
}

/** A body whose first openings break off. */
export function faultyBody(body: BlobBody, options: FaultyBodyOptions = {}): RecordedBody {
  const { failAfterBytes = 0, times = Infinity } = options
  const error = options.error ?? new ImageError('UNAVAILABLE', 'the connection was cut (on purpose)')
  const recorded = recordedBody(body)
  return {
    size: body.size,
    offsets: recorded.offsets,
    async *open(offset, end) {
      const bytes = recorded.open(offset, end)
      if (recorded.offsets.length > times) {
        yield* bytes
        return
      }
      yield* firstBytes(bytes, failAfterBytes)
      throw error
    },
  }
}

/** Remembers the offsets at which a body is opened. */
export function recordedBody(body: BlobBody): RecordedBody {
  const offsets: number[] = []
  return {
    size: body.size,
    offsets,
    open(offset = 0, end) {
      offsets.push(offset)
      return body.open(offset, end)
    },
  }
}

/** A body that counts its openings, with leave for `leases` more of them at a time (default: it gives no leave). */
export interface LeasedBody extends BlobBody {
  /** The most openings that were read at the same time. */
  mostAtOnce(): number
  /** Leaves that were not given back. */
  outstanding(): number
}

export function leasedBody(body: BlobBody, { leases = 0 }: { readonly leases?: number } = {}): LeasedBody {
  let [open, most, leased] = [0, 0, 0]
  const lease = (): (() => void) | undefined => {
    if (leased === leases) return undefined
    leased += 1
    return () => {
      leased -= 1
    }
  }
  return {
    size: body.size,
    mostAtOnce: () => most,
    outstanding: () => leased,
    ...(leases > 0 && { lease }),
    open: (offset, end) => ({
      [Symbol.asyncIterator]() {
        open += 1
        most = Math.max(most, open)
        return counted(body.open(offset, end), () => (open -= 1))
      },
    }),
  }
}

/** Tells once when the bytes have ended, have failed, or are left: what is behind them may take a moment to notice. */
function counted(bytes: AsyncIterable<Uint8Array>, onOver: () => void): AsyncIterator<Uint8Array> {
  const iterator = bytes[Symbol.asyncIterator]()
  let isOver = false
  const over = (): void => {
    if (!isOver) onOver()
    isOver = true
  }
  return {
    async next() {
      try {
        const result = await iterator.next()
        if (result.done === true) over()
        return result
      } catch (error) {
        over()
        throw error
      }
    },
    async return() {
      over()
      return (await iterator.return?.()) ?? { done: true, value: undefined }
    },
  }
}

export interface HangingBodyOptions {
  /** How many bytes come before it hangs. Default: 0. */
  readonly hangAfterBytes?: number | undefined
  /** Called when the hang begins. */
  readonly onHang?: (() => void) | undefined
}

/**
 * A body that gives some bytes and then waits for ever, as a dead peer does. Closing it (`return`) works at any time, during
 * the wait too.
 */
export function hangingBody(body: BlobBody, options: HangingBodyOptions = {}): HangingBody {
  const { hangAfterBytes = 0, onHang } = options
  let closed = 0
  return {
    size: body.size,
    closed: () => closed,
    open: (offset, end) => ({
      [Symbol.asyncIterator]() {
        const bytes = firstBytes(body.open(offset, end), hangAfterBytes)
        const { promise, resolve } = Promise.withResolvers<IteratorResult<Uint8Array>>()
        return {
          async next() {
            const result = await bytes.next()
            if (result.done !== true) return result
            onHang?.()
            return await promise
          },
          async return() {
            closed += 1
            resolve({ done: true, value: undefined })
            await bytes.return(undefined)
            return { done: true, value: undefined }
          },
        }
      },
    }),
  }
}

export interface HangingBody extends BlobBody {
  /** How many iterations were closed early. */
  closed(): number
}

/** A body in pieces of `chunkBytes` (default 1), each in a turn of the event loop of its own. */
export function slowBody(body: BlobBody, options: { readonly chunkBytes?: number | undefined } = {}): BlobBody {
  const { chunkBytes = 1 } = options
  return {
    size: body.size,
    async *open(offset, end) {
      for await (const chunk of body.open(offset, end)) {
        for (let start = 0; start < chunk.byteLength; start += chunkBytes) {
          await new Promise<void>((resolve) => {
            setImmediate(resolve)
          })
          yield chunk.subarray(start, start + chunkBytes)
        }
      }
    },
  }
}

/** The first `count` bytes; closes `bytes` behind them. */
async function* firstBytes(
  bytes: AsyncIterable<Uint8Array>,
  count: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let left = count
  if (left === 0) return
  for await (const chunk of bytes) {
    yield chunk.subarray(0, left)
    left -= Math.min(left, chunk.byteLength)
    if (left === 0) return
  }
}
