/** A body that brings less than this while somebody waits for it counts as silent. */
export const LEAST_BYTES_PER_SECOND = 100
/** A body that brought so much has paid for its time-out. */
export const MUCH_PROGRESS_BYTES: number = 8 * 1024 * 1024

/**
 * How long a silent server is waited for, so that time-outs are not multiplied by attempts: what timed out once is waited for a
 * quarter of the time when it is tried again, and the second time-out in a row is the last. Things that are waited for at the same
 * time and time out together count as one time-out.
 */
export interface Patience {
  /** Begins to wait for a thing, which has `fullMs` if it did not time out before. */
  begin(thing: string, fullMs: number): Wait
}

export interface Wait {
  /** Milliseconds, if it is less than all there is. */
  readonly shortenedMs: number | undefined
  /** Notes a time-out. Answers whether the thing is worth another attempt. */
  timedOut(): boolean
  /** It answered: the next silence has all the time again. */
  heard(): void
}

const SHARE = 4
/** No share is less: a second is nothing for a server that is merely busy. */
const LEAST_MS = 1000
const MAX_THINGS = 1000

export function createPatience(): Patience {
  /** When each thing timed out, in the order of what happened. */
  const silent = new Map<string, number>()
  let happened = 0

  function note(thing: string): void {
    const [oldest] = silent.keys()
    if (!silent.has(thing) && silent.size >= MAX_THINGS && oldest !== undefined) silent.delete(oldest)
    silent.set(thing, (happened += 1))
  }

  return {
    begin(thing, fullMs) {
      const began = (happened += 1)
      return {
        shortenedMs: silent.has(thing) ? Math.max(fullMs / SHARE, Math.min(fullMs, LEAST_MS)) : undefined,
        timedOut() {
          const isSecond = began > (silent.get(thing) ?? Number.POSITIVE_INFINITY)
          note(thing)
          return !isSecond
        },
        heard: () => void silent.delete(thing),
      }
    },
  }
}
