export interface LimiterRunOptions {
  /** Aborting while the task waits for its turn takes it out of the queue. A running task has to watch the signal itself. */
  readonly signal?: AbortSignal | undefined
  /** How much of the limit the task takes. One above the limit runs alone. Default: 1. */
  readonly weight?: number | undefined
}

/** Bounded parallelism: first come, first served; nobody overtakes, so that heavy tasks get their turn. */
export interface Limiter {
  run<Value>(task: () => Promise<Value>, options?: LimiterRunOptions): Promise<Value>
  /** Tasks that run now. */
  readonly active: number
  /** Tasks that wait for their turn. */
  readonly waiting: number
}

interface Waiter {
  readonly weight: number
  readonly start: () => void
}

/** A limiter that runs tasks of `max` weight together. Throws `RangeError` unless `max` is positive. */
export function createLimiter(max: number): Limiter {
  if (!(max > 0)) throw new RangeError(`a limiter needs a positive limit, not ${max}`)
  const queue = new Set<Waiter>() // in order of insertion; an aborted waiter leaves at no cost
  let active = 0
  let load = 0

  function startWaiting(): void {
    for (const waiter of queue) {
      if (load + waiter.weight > max) return
      queue.delete(waiter)
      load += waiter.weight
      active += 1
      waiter.start()
    }
  }

  async function turn(weight: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiter: Waiter = { weight, start: resolve }
    const giveUp = (): void => {
      // Once started the turn is the task's, and the task sees the abort.
      if (!queue.delete(waiter)) return
      reject(signal?.reason)
      startWaiting() // a heavy one that leaves lets lighter ones through
    }
    signal?.addEventListener('abort', giveUp, { once: true })
    queue.add(waiter)
    startWaiting()
    try {
      await promise
    } finally {
      signal?.removeEventListener('abort', giveUp)
    }
  }

  return {
    get active() {
      return active
    },
    get waiting() {
      return queue.size
    },
    async run(task, options = {}) {
      const weight = Math.min(options.weight ?? 1, max)
      await turn(weight, options.signal)
      try {
        return await task()
      } finally {
        active -= 1
        load -= weight
        startWaiting()
      }
    },
  }
}
