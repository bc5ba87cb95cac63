import { expect, test } from 'vitest'
import { type Clock, createTimetable } from '../../src/link/timetable.ts'

/** Timers run when the time is set, those that are late by `lateMs`. */
function fakeClock({ lateMs = 0 }: { readonly lateMs?: number } = {}): Clock & { advanceTo(time: number): void } {
  let now = 0
  const timers: { readonly time: number; readonly run: () => void }[] = []
  return {
    now: () => now,
    setTimer: (run, ms) => {
      expect(ms).toBeGreaterThanOrEqual(1)
      expect(Number.isInteger(ms)).toBe(true)
      timers.push({ time: now + ms + lateMs, run })
    },
    advanceTo: (time) => {
      for (;;) {
        timers.sort((a, b) => a.time - b.time)
        const [next] = timers
        if (next === undefined || next.time > time) break
        timers.shift()
        now = next.time
        next.run()
      }
      now = time
    },
  }
}

function recorder(clock: Clock): { readonly done: string[]; note(name: string): () => void } {
  const done: string[] = []
  return { done, note: (name) => () => void done.push(`${name} at ${clock.now()}`) }
}

test('runs what is due in the order of the times, whatever the order it came in', () => {
  const clock = fakeClock()
  const { done, note } = recorder(clock)
  const timetable = createTimetable(clock)
  timetable.at(20, note('b'))
  timetable.at(10, note('a'))
  timetable.at(30, note('d'))
  timetable.at(20, note('c'))
  clock.advanceTo(100)
  expect(done).toEqual(['a at 10', 'b at 20', 'c at 20', 'd at 30'])
})

test('what is due already runs at once, after what was due before it', () => {
  const clock = fakeClock()
  const { done, note } = recorder(clock)
  const timetable = createTimetable(clock)
  timetable.at(0.4, note('a'))
  expect(done).toEqual(['a at 0'])
  timetable.at(5, note('b'))
  timetable.at(-1, note('c'))
  expect(done).toEqual(['a at 0', 'c at 0'])
})

test('waits again if a timer is early, and is never off by more than half a millisecond then', () => {
  const clock = fakeClock({ lateMs: -0.9 })
  const { done, note } = recorder(clock)
  createTimetable(clock).at(15, note('a'))
  clock.advanceTo(100)
  const [at] = done.map((line) => Number(line.split(' ')[2]))
  expect(Math.abs((at ?? 0) - 15)).toBeLessThanOrEqual(0.5)
})

test('a fraction of a millisecond is rounded either way', () => {
  const clock = fakeClock()
  const { done, note } = recorder(clock)
  const timetable = createTimetable(clock)
  timetable.at(10.4, note('a'))
  timetable.at(20.7, note('b'))
  clock.advanceTo(100)
  expect(done).toEqual(['a at 10', 'b at 21'])
})
