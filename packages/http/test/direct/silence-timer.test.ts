import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createSilenceTimer } from '../../src/direct/silence-timer.ts'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

test('it ends a wait after the time, once', () => {
  const tooLong = vi.fn<() => void>()
  createSilenceTimer().watch(100, tooLong)
  vi.advanceTimersByTime(99)
  expect(tooLong).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1000)
  expect(tooLong).toHaveBeenCalledTimes(1)
})

test('a touch begins anew, and so does watching for the same, without another timer', () => {
  const tooLong = vi.fn<() => void>()
  const timer = createSilenceTimer()
  timer.watch(100, tooLong)
  const started = vi.spyOn(globalThis, 'setTimeout')
  for (let count = 0; count < 5; count += 1) {
    vi.advanceTimersByTime(60)
    timer.touch()
    vi.advanceTimersByTime(60)
    timer.watch(100, tooLong)
  }
  expect(started).not.toHaveBeenCalled()
  expect(tooLong).not.toHaveBeenCalled()
  vi.advanceTimersByTime(100)
  expect(tooLong).toHaveBeenCalledTimes(1)
})

test('watching for something else ends the watch before', () => {
  const [first, second] = [vi.fn<() => void>(), vi.fn<() => void>()]
  const timer = createSilenceTimer()
  timer.watch(100, first)
  timer.watch(200, second)
  expect(vi.getTimerCount()).toBe(1)
  vi.advanceTimersByTime(199)
  expect(second).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect([first, second].map(({ mock }) => mock.calls.length)).toEqual([0, 1])
})

test('stopped, it neither fires nor lives again by a touch, and can watch again', () => {
  const tooLong = vi.fn<() => void>()
  const timer = createSilenceTimer()
  timer.touch()
  timer.watch(100, tooLong)
  timer.stop()
  timer.touch()
  expect(vi.getTimerCount()).toBe(0)
  vi.advanceTimersByTime(1000)
  expect(tooLong).not.toHaveBeenCalled()
  timer.watch(100, tooLong)
  vi.advanceTimersByTime(100)
  expect(tooLong).toHaveBeenCalledTimes(1)
})
