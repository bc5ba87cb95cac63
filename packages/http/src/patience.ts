/** A body that brings less than this while somebody waits for it counts as silent. */
export const LEAST_BYTES_PER_SECOND = 100
/** A body that brought so much has paid for its time-out. */
export const MUCH_PROGRESS_BYTES: number = 8 * 1024 * 1024

/**
 * How long a silent server is waited for, so that time-outs are not multiplied by attempts: what timed out once is waited for a
 * quarter of the time when it is tried again, and the second time-out in a row is the last.
 */
export interface Patience {
  /** Milliseconds, if it is less than `fullMs` now. */
  shortened(thing: string, fullMs: number): number | undefined
  /** Notes a time-out. Answers whether the thing is worth another attempt. */
  timedOut(thing: string): boolean
  /** It answered: the next silence has all the time again. */
  heard(thing: string): void
}

const SHARE = 4
/** No share is less: a second is nothing for a server that is merely busy. */
const LEAST_MS = 1000
const MAX_THINGS = 1000

export function createPatience(): Patience {
  const silent = new Set<string>()
  return {
    shortened(thing, fullMs) {
      return silent.has(thing) ? Math.max(fullMs / SHARE, Math.min(fullMs, LEAST_MS)) : undefined
    },
    timedOut(thing) {
      const isFirst = !silent.has(thing)
      const [oldest] = silent
      if (isFirst && silent.size >= MAX_THINGS && oldest !== undefined) silent.delete(oldest)
      silent.add(thing)
      return isFirst
    },
    heard: (thing) => void silent.delete(thing),
  }
}
