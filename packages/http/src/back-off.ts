import type { ResolvedOptions } from './options.ts'

export interface Failure {
  /** The attempt that failed, from 1. */
  readonly attempt: number
  readonly startedAt: number
  /** The pause that the server asked for. */
  readonly asked: number | undefined
  /** The longest pause. */
  readonly mostMs: number
}

/** How long one host is left alone. */
export interface BackOff {
  wait(signal: AbortSignal | undefined): Promise<void>
  /** The pause until the next attempt, in milliseconds. */
  failed(failure: Failure): number
  succeeded(): void
}

/** A short pause for what passes in a moment, longer ones for a server that starts anew. */
const GROWTH = 3
const MAX_LEVEL = 4

export function createBackOff({ clock, random, retryDelayMs }: ResolvedOptions): BackOff {
  let level = 0
  let failedAt = Number.NEGATIVE_INFINITY
  let notBefore = Number.NEGATIVE_INFINITY
  return {
    async wait(signal) {
      // Another request may have failed meanwhile.
      for (let left = notBefore - clock.now(); left > 0; left = notBefore - clock.now()) await clock.delay(left, signal)
    },
    failed({ attempt, startedAt, asked, mostMs }) {
      const now = clock.now()
      // Requests that were under way together fail together: that is one failure of the host, not several.
      if (startedAt > failedAt) level = Math.min(level + 1, MAX_LEVEL)
      failedAt = now
      const own = retryDelayMs * GROWTH ** (Math.max(level, Math.min(attempt, MAX_LEVEL)) - 1) * (0.5 + random() / 2)
      const delayMs = Math.round(Math.min(Math.max(asked ?? 0, own), mostMs))
      notBefore = Math.max(notBefore, now + delayMs)
      return delayMs
    },
    succeeded() {
      level = 0
    },
  }
}
