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
  readonly giveUp: (reason: unknown) => void
}

/** Who waits under which signal. */
interface AbortableWaiters {
  add(signal: AbortSignal, waiter: Waiter): void
  remove(signal: AbortSignal, waiter: Waiter): void
}

/** One listener for all waiters of a signal: a signal looks through its listeners whenever one comes or goes. */
function createAbortableWaiters(abort: (waiters: ReadonlySet<Waiter>, reason: unknown) => void): AbortableWaiters {
  const bySignal = new Map<AbortSignal, { readonly waiters: Set<Waiter>; readonly listener: () => void }>()
  return {
    add(signal, waiter) {
      const known = bySignal.get(signal)
      known?.waiters.add(waiter)
      if (known !== undefined) return
      const waiters = new Set([waiter])
      const listener = (): void => abort(waiters, signal.reason)
      signal.addEventListener('abort', listener, { once: true })
      bySignal.set(signal, { waiters, listener })
    },
    remove(signal, waiter) {
      const known = bySignal.get(signal)
      known?.waiters.delete(waiter)
      if (known?.waiters.size !== 0) return
      signal.removeEventListener('abort', known.listener)
      bySignal.delete(signal)
    },
  }
}

/** A limiter that runs tasks of `max` weight together. Throws `RangeError` unless `max` is positive. */
export function createLimiter(max: number): Limiter {
  if (!(max > 0)) throw new RangeError(`a limiter needs a positive limit, not ${max}`)
  const queue = new Set<Waiter>() // in order of insertion; an aborted waiter leaves at no cost
  const abortable = createAbortableWaiters((waiters, reason) => {
    // Once started the turn is the task's, and the task sees the abort.
    for (const waiter of waiters) if (queue.delete(waiter)) waiter.giveUp(reason)
    startWaiting() // a heavy one that leaves lets lighter ones through
  })
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
    const waiter: Waiter = { weight, start: resolve, giveUp: reject }
    queue.add(waiter)
    startWaiting()
    if (signal === undefined || !queue.has(waiter)) return await promise
    abortable.add(signal, waiter)
    try {
      await promise
    } finally {
      abortable.remove(signal, waiter)
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
