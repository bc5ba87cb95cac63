import { nextTurn } from './node-zlib.ts'

/** How long work on this thread goes on before others have their turn, in milliseconds. */
const TURN_MS = 10

/**
 * For work on this thread that takes long: the returned function is awaited between steps of a few milliseconds, and lets
 * timers and arriving data run if nothing else had its turn for 10 ms.
 */
export function createTurns(): () => Promise<void> {
  let since = performance.now()
  return async () => {
    if (performance.now() - since < TURN_MS) return
    await nextTurn()
    since = performance.now()
  }
}
