/** Chunks that are handed, one by one, to a task that reads a body beside something else. */
export interface HandOver<Result> {
  /** Hands a chunk over and waits until the task asks for the next one. Throws what the task throws. */
  put(chunk: Uint8Array): Promise<void>
  /** Says that no more chunks come, and gives the task's result. */
  end(): Promise<Result>
  /** Ends the body where it is and waits until the task has settled, whatever with. */
  stop(): Promise<void>
}

/** Starts a task on a body that the caller feeds. The task must not end before the body, but may throw. */
export function handOver<Result>(task: (body: AsyncIterable<Uint8Array>) => Promise<Result>): HandOver<Result> {
  let take: ((next: IteratorResult<Uint8Array, undefined>) => void) | undefined
  let asked = Promise.withResolvers<void>()
  let ended = false

  async function ask(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (ended) return { done: true, value: undefined }
    return await new Promise((resolve) => {
      take = resolve
      asked.resolve()
    })
  }

  function give(next: IteratorResult<Uint8Array, undefined>): void {
    asked = Promise.withResolvers()
    take?.(next)
    take = undefined
  }

  const result = task({ [Symbol.asyncIterator]: () => ({ next: ask }) })
  // The promise that is waited for is the one that fails, so that none collects a reaction for each chunk.
  result.catch((reason: unknown) => {
    ended = true
    asked.promise.catch(() => {})
    asked.reject(reason)
  })

  function end(): Promise<Result> {
    ended = true
    give({ done: true, value: undefined })
    return result
  }

  return {
    async put(chunk) {
      await asked.promise
      give({ done: false, value: chunk })
      await asked.promise
    },
    async end() {
      await asked.promise
      return await end()
    },
    async stop() {
      await Promise.allSettled([end()])
    },
  }
}
