import { ImageError } from '@crossdock/core'
import { raceSignal } from './delay.ts'
import { linkAbort } from './link-abort.ts'

export interface TimeoutOptions {
  readonly timeoutMs: number
  /** What is waited for, for the error: `credential helper "pass"`. */
  readonly what: string
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs a task for at most `timeoutMs`. When the time is over the task's signal is aborted and `UNAVAILABLE` is thrown,
 * without waiting for a task that does not listen.
 */
export async function withTimeout<Value>(
  task: (signal: AbortSignal) => Promise<Value>,
  { timeoutMs, what, signal }: TimeoutOptions,
): Promise<Value> {
  signal?.throwIfAborted()
  const { controller, unlink } = linkAbort(signal)
  const timer = setTimeout(() => {
    controller.abort(
      new ImageError('UNAVAILABLE', `${what} took longer than ${timeoutMs} ms: try again or allow more time`),
    )
  }, timeoutMs)
  try {
    return await raceSignal(task(controller.signal), controller.signal)
  } finally {
    clearTimeout(timer)
    unlink()
  }
}
