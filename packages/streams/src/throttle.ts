/**
 * A gate for progress events: the returned function says whether to emit now, which it does on the first call and then at
 * most once per `intervalMs`. Emit the last event of a series regardless. `now` gives milliseconds; default: the monotonic
 * clock.
 */
export function createThrottle(intervalMs: number, now: () => number = () => performance.now()): () => boolean {
  let next = -Infinity
  return () => {
    const time = now()
    if (time < next) return false
    next = time + intervalMs
    return true
  }
}
