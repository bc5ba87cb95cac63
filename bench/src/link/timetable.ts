export interface Clock {
  /** Milliseconds, with fractions. */
  now(): number
  /** Calls back after so many whole milliseconds, about. */
  setTimer(run: () => void, ms: number): void
}

/** Runs things at given times, in the order of the times; those of the same time in the order in which they came. */
export interface Timetable {
  at(time: number, run: () => void): void
}

export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer: (run, ms) => void setTimeout(run, ms),
}

/**
 * A timer of Node.js fires up to a millisecond early or late. What is due within this time runs now, so that the error is half
 * a millisecond at most, either way, and no time is spent in loops that wait.
 */
const SLACK_MS = 0.5

interface Entry {
  readonly time: number
  readonly run: () => void
}

export function createTimetable(clock: Clock = systemClock): Timetable {
  const entries: Entry[] = []
  /** When the timer that is set fires; there may be later ones, which find nothing to do. */
  let wakesAt = Infinity
  const wake = (): void => {
    wakesAt = Infinity
    runDue()
    arm()
  }
  const runDue = (): void => {
    const due = clock.now() + SLACK_MS
    for (let first = entries[0]; first !== undefined && first.time <= due; first = entries[0]) {
      entries.shift()
      first.run()
    }
  }
  const arm = (): void => {
    const [first] = entries
    if (first === undefined || first.time >= wakesAt) return
    const ms = Math.max(1, Math.floor(first.time - clock.now()))
    wakesAt = first.time
    clock.setTimer(wake, ms)
  }
  return {
    at: (time, run) => {
      const after = entries.findLastIndex((entry) => entry.time <= time)
      entries.splice(after + 1, 0, { time, run })
      runDue()
      arm()
    },
  }
}
