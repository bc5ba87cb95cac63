import { linkAbort } from './link-abort.ts'

export interface RunAllOptions {
  /** How many tasks run at once. */
  readonly concurrency: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs a task for every item, `concurrency` at a time, items taken only as their turn comes. The first failure aborts the
 * signal of the others and starts no more; when all have settled it is rethrown. If `signal` is aborted, its reason is
 * rethrown as it is, again after all have settled.
 */
export async function runAll<Item>(
  items: Iterable<Item>,
  task: (item: Item, signal: AbortSignal) => Promise<void>,
  { concurrency, signal }: RunAllOptions,
): Promise<void> {
  if (!(concurrency >= 1)) throw new RangeError(`concurrency must be at least 1, not ${concurrency}`)
  signal?.throwIfAborted()
  const { controller, unlink } = linkAbort(signal)
  const iterator = items[Symbol.iterator]()
  let exhausted = false
  let failure: { readonly reason: unknown } | undefined

  function take(): IteratorResult<Item> {
    if (exhausted) return { done: true, value: undefined }
    exhausted = true // also if the iterator throws
    const next = iterator.next()
    exhausted = next.done === true
    return next
  }

  async function work(): Promise<void> {
    try {
      while (!controller.signal.aborted) {
        const next = take()
        if (next.done === true) return
        await task(next.value, controller.signal)
      }
    } catch (reason) {
      // What fails after an abort fails because of it.
      if (controller.signal.aborted) return
      failure = { reason }
      controller.abort(reason)
    }
  }

  const workers: Promise<void>[] = []
  const hasMore = (): boolean => !exhausted
  while (workers.length < concurrency && hasMore()) workers.push(work())
  await Promise.all(workers)
  unlink()
  if (!exhausted) iterator.return?.()
  if (failure !== undefined) throw failure.reason
  signal?.throwIfAborted()
}
