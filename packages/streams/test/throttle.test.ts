import { expect, test } from 'vitest'
import { createThrottle } from '../src/index.ts'

test('emits at once, then at most once per interval', () => {
  let time = 1000
  const emit = createThrottle(100, () => time)
  expect(emit()).toBe(true)
  expect(emit()).toBe(false)
  time += 99
  expect(emit()).toBe(false)
  time += 1
  expect(emit()).toBe(true)
  expect(emit()).toBe(false)
  time += 1000
  expect(emit()).toBe(true)
})

test('has a clock of its own', () => {
  const emit = createThrottle(1_000_000)
  expect([emit(), emit()]).toEqual([true, false])
})
