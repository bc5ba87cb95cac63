/** Work that belongs together: each key is done once, and the first failure ends all of it. */
export interface TaskGroup {
  /** Aborted by the first failure, and when the outer signal is. */
  readonly signal: AbortSignal
  /** Starts the task unless one of this key was started before; then waits for that one. */
  once(key: string, task: () => Promise<void>): Promise<void>
  /**
   * Waits until every task has settled, and rethrows the first failure: not what the others made of the abort that
   * followed it.
   */
  finish(): Promise<void>
}

export function createTaskGroup(outer: AbortSignal): TaskGroup {
  const controller = new AbortController()
  const signal = AbortSignal.any([outer, controller.signal])
  const tasks = new Map<string, Promise<void>>()
  let failure: { readonly error: unknown } | undefined

  const guard = async (task: () => Promise<void>): Promise<void> => {
    try {
      signal.throwIfAborted()
      await task()
    } catch (error) {
      failure ??= { error }
      controller.abort(error)
      throw error
    }
  }
  const settle = async (): Promise<void> => {
    // Tasks may start further ones while they run.
    for (let known = -1; known < tasks.size;) {
      known = tasks.size
      await Promise.allSettled(tasks.values())
    }
  }
  return {
    signal,
    once: (key, task) => {
      const started = tasks.get(key) ?? guard(task)
      tasks.set(key, started)
      return started
    },
    finish: async () => {
      await settle()
      if (failure !== undefined) throw failure.error
    },
  }
}
