import { expect, test } from 'vitest'
import { createTurns } from '../src/turns.ts'

test('long work gives turns, short work does not', async () => {
  let turns = 0
  let stopped = false
  function count(): void {
    turns += 1
    if (!stopped) setImmediate(count)
  }
  setImmediate(count)
  const turn = createTurns()
  for (let step = 0; step < 50; step += 1) await turn()
  expect(turns).toBeLessThan(5)
  const before = turns
  for (let step = 0; step < 5; step += 1) {
    const end = performance.now() + 12
    while (performance.now() < end);
    await turn()
  }
  stopped = true
  expect(turns - before).toBeGreaterThanOrEqual(5)
})
