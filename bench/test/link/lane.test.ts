import { expect, test } from 'vitest'
import { createLane } from '../../src/link/lane.ts'

test('what is sent arrives half a round trip later', () => {
  const lane = createLane({ rttMs: 30, bytesPerSecond: Infinity })
  expect(lane.send(1_000_000, 100)).toBe(115)
  expect(lane.send(1, 100.25)).toBe(115.25)
})

test('a rate is kept by making what comes later wait, and an idle lane saves nothing up', () => {
  const lane = createLane({ rttMs: 0, bytesPerSecond: 100_000_000 })
  expect(lane.send(200_000, 0)).toBe(2)
  expect(lane.send(100_000, 0.5)).toBe(3)
  expect(lane.send(100_000, 50)).toBe(51)
})

test('a rate and a round trip add up', () => {
  const lane = createLane({ rttMs: 30, bytesPerSecond: 100_000_000 })
  expect([lane.send(100_000, 0), lane.send(100_000, 0)]).toEqual([16, 17])
})

test('nothing sets out before the connection is there', () => {
  const lane = createLane({ rttMs: 30, bytesPerSecond: Infinity, notBefore: 30 })
  expect([lane.send(1, 0), lane.send(1, 10), lane.send(1, 40)]).toEqual([45, 45, 55])
})

test.each([
  { link: { rttMs: 0, bytesPerSecond: 100_000_000 }, bytes: 2_000_000 },
  { link: { rttMs: 30, bytesPerSecond: 100_000_000 }, bytes: 5_000_000 },
  { link: { rttMs: 30, bytesPerSecond: Infinity }, bytes: 16 * 1024 * 1024 },
])('the window of $link holds more than the link does', ({ link, bytes }) => {
  expect(createLane(link).windowBytes).toBe(bytes)
})
