import { setTimeout as wait } from 'node:timers/promises'

const QUIET_MS = 200

/** Resolves with the value once it has stayed the same for a moment. */
export async function settled<Value>(look: () => Value | Promise<Value>): Promise<Value> {
  for (let before = await look(); ;) {
    await wait(QUIET_MS)
    const now = await look()
    if (now === before) return now
    before = now
  }
}
