import { raceSignal } from './delay.ts'

export interface InFlightOptions {
  /** Whether a success is kept and given to later callers too. Default: false, it is forgotten as soon as it is there. */
  readonly remember?: boolean | undefined
}

export interface InFlightRunOptions {
  readonly signal?: AbortSignal | undefined
}

/** A table of work under way, so that what several need at the same time is done once. */
export interface InFlight<Key, Value> {
  /**
   * Runs the task, or joins the run of the same key that is under way. A failure reaches everyone who waits, and is forgotten.
   *
   * The task gets a signal of its own, which is aborted only when all who wait have given up: one caller's abort ends that
   * caller's wait at once, with its own reason, and disturbs nobody else. The last one to give up waits until the task has
   * settled, and so does a newcomer before it starts afresh: two runs of one key never overlap.
   */
  run(key: Key, task: (signal: AbortSignal) => Promise<Value>, options?: InFlightRunOptions): Promise<Value>
  /** Runs under way, and successes that are kept. */
  readonly size: number
}

interface Run<Value> {
  readonly promise: Promise<Value>
  readonly controller: AbortController
  waiting: number
}

/** Keys are compared as `Map` compares them. */
export function createInFlight<Key, Value>(options: InFlightOptions = {}): InFlight<Key, Value> {
  const runs = new Map<Key, Run<Value>>()

  function start(key: Key, task: (signal: AbortSignal) => Promise<Value>): Run<Value> {
    const controller = new AbortController()
    const promise = (async () => {
      let keep = false
      await Promise.resolve() // the run is in the table before the task can fail
      try {
        const value = await task(controller.signal)
        keep = options.remember === true && !controller.signal.aborted
        return value
      } finally {
        if (!keep) runs.delete(key)
      }
    })()
    const run: Run<Value> = { promise, controller, waiting: 0 }
    runs.set(key, run)
    return run
  }

  async function join(run: Run<Value>, signal: AbortSignal | undefined): Promise<Value> {
    run.waiting += 1
    try {
      return await raceSignal(run.promise, signal)
    } finally {
      run.waiting -= 1
      if (run.waiting === 0 && signal?.aborted === true) {
        run.controller.abort(signal.reason)
        await settled(run.promise)
      }
    }
  }

  return {
    get size() {
      return runs.size
    },
    async run(key, task, { signal } = {}) {
      signal?.throwIfAborted()
      let run = runs.get(key)
      while (run?.controller.signal.aborted === true) {
        await raceSignal(settled(run.promise), signal)
        run = runs.get(key)
      }
      return await join(run ?? start(key, task), signal)
    },
  }
}

async function settled(promise: Promise<unknown>): Promise<void> {
  try {
    await promise
  } catch {
    // Whoever waits for the value sees the failure.
  }
}
