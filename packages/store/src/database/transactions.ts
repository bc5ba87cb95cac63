import { setImmediate } from 'node:timers/promises'
import { ImageError, type OperationOptions } from '@crossdock/core'
import { quotePath } from '@crossdock/blob-files'
import { delay } from '@crossdock/streams'
import { isBusy } from './sqlite-errors.ts'

/** SQLite itself waits so long for a lock before it gives up; nothing else runs meanwhile. */
export const BLOCKING_WAIT_MS = 5

/** Work on the database goes on for so long before others of this process have a turn. */
export const TURN_MS = 8
const MAX_PAUSE_MS = 64

export interface RetryBusyOptions extends OperationOptions {
  readonly timeoutMs: number
  readonly file: string
}

/**
 * Runs the work, again and again while another process has the database locked. Throws `UNAVAILABLE` when the time is over, and the
 * signal's reason.
 */
export async function retryBusy<Value>(work: () => Value, options: RetryBusyOptions): Promise<Value> {
  const began = performance.now()
  for (let attempt = 0; ; attempt += 1) {
    options.signal?.throwIfAborted()
    try {
      return work()
    } catch (reason) {
      if (!isBusy(reason)) throw reason
      if (performance.now() - began >= options.timeoutMs) throw lockedTooLong(options, reason)
    }
    await delay((0.5 + Math.random()) * Math.min(2 ** attempt, MAX_PAUSE_MS), options.signal)
  }
}

function lockedTooLong({ file, timeoutMs }: RetryBusyOptions, cause: unknown): ImageError {
  return new ImageError(
    'UNAVAILABLE',
    `another process has kept the database ${quotePath(file)} locked for longer than ${timeoutMs} ms; try again`,
    { cause },
  )
}

/** Lets other work of this process run every few milliseconds. */
export function createTurns(): () => Promise<void> {
  let began = performance.now()
  return async () => {
    if (performance.now() - began < TURN_MS) return
    await setImmediate()
    began = performance.now()
  }
}
