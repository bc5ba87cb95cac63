import { LEAST_BYTES_PER_SECOND, MUCH_PROGRESS_BYTES } from './patience.ts'
import { WIRE, wireFailure } from './network-error.ts'

export interface BodyWatch {
  /** How long it may be silent, in milliseconds. */
  readonly idleMs: number
  /** Less than the time after which the connection itself gives up. */
  readonly shortenedMs: number | undefined
  /** The error for a silence or a slowness found here. */
  readonly tooLong: (reason: Error, silentMs: number) => Error
  /** Every failure of the body passes through here. */
  readonly failed: (error: unknown) => unknown
  /** The body came to its end, or brought much. */
  readonly alive: () => void
}

/**
 * A body that fails when it is silent for the shortened time, or slower than the least rate over the time that it may be silent,
 * the shortened one if it is. Only the time counts in which its reader waits.
 */
export function watchBody(body: AsyncIterable<Uint8Array>, watch: BodyWatch): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => watchedIterator(body[Symbol.asyncIterator](), watch) }
}

function watchedIterator(inner: AsyncIterator<Uint8Array>, watch: BodyWatch): AsyncIterator<Uint8Array, undefined> {
  const rate = createRate(watch.shortenedMs ?? watch.idleMs)
  let moved = 0

  async function leave(): Promise<void> {
    await inner.return?.()
  }

  async function nextInTime(): Promise<IteratorResult<Uint8Array>> {
    const { shortenedMs } = watch
    const result = await (shortenedMs === undefined ? inner.next() : orSilence(inner.next(), shortenedMs))
    if (result !== SILENCE) return result
    await leave()
    throw watch.tooLong(wireFailure(WIRE.bodyTimeout), shortenedMs ?? watch.idleMs)
  }

  return {
    async next() {
      const began = performance.now()
      try {
        const result = await nextInTime()
        if (result.done === true) {
          watch.alive()
          return { done: true, value: undefined }
        }
        const { byteLength } = result.value
        if (rate.isTooLow(byteLength, performance.now() - began)) {
          await leave()
          throw watch.tooLong(wireFailure(WIRE.tooSlow), watch.idleMs)
        }
        moved += byteLength
        if (moved >= MUCH_PROGRESS_BYTES) watch.alive()
        return result
      } catch (error) {
        throw watch.failed(error)
      }
    },
    async return() {
      await leave()
      return { done: true, value: undefined }
    },
  }
}

interface Rate {
  /** Counts a piece that was waited for. */
  isTooLow(bytes: number, waitedMs: number): boolean
}

function createRate(windowMs: number): Rate {
  let waited = 0
  let came = 0
  return {
    isTooLow(bytes, waitedMs) {
      waited += waitedMs
      came += bytes
      if (waited < windowMs) return false
      const tooLow = came < (waited / 1000) * LEAST_BYTES_PER_SECOND
      waited = 0
      came = 0
      return tooLow
    },
  }
}

const SILENCE = Symbol('silence')

async function orSilence<Value>(task: Promise<Value>, ms: number): Promise<Value | typeof SILENCE> {
  const { promise, resolve } = Promise.withResolvers<typeof SILENCE>()
  const timer = setTimeout(() => resolve(SILENCE), ms)
  try {
    return await Promise.race([task, promise])
  } finally {
    clearTimeout(timer)
  }
}
