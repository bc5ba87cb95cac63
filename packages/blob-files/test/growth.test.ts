import { describe, expect, it } from 'vitest'
import { createGrowth } from '../src/growth.ts'

/** What parts bring in a millisecond, by their number. */
type Rates = (parts: number, now: number) => number

interface Surroundings {
  readonly granted?: number
  readonly busy?: (now: number) => number
}

/** Lets time pass in steps of 10 ms, with as many parts as are wanted at most `granted`. */
function course(
  rates: Rates,
  { granted = 16, busy = () => 0.3 }: Surroundings = {},
): { readonly numbers: readonly number[]; readonly settled: boolean } {
  let now = 0
  let parts = 1
  const numbers = [parts]
  const growth = createGrowth({ now: () => now, busy: () => busy(now) })
  for (let step = 0; step < 200; step += 1) {
    now += 10
    growth.came(rates(parts, now) * 10)
    const wanted = Math.min(granted, growth.wanted(parts))
    if (wanted !== parts) numbers.push(wanted)
    parts = wanted
  }
  return { numbers, settled: growth.settled }
}

function slowOneByOne(parts: number): number {
  return parts * 100_000
}

describe('growth', () => {
  it.each([
    ['connections that are slow one by one', slowOneByOne, [1, 4, 8]],
    ['a network that is slow as a whole', () => 10_000, [1, 4, 1]],
    ['a network that takes four connections to fill', (parts: number) => Math.min(parts, 4) * 50_000, [1, 4, 8, 4]],
    ['a connection that is fast enough', () => 500_000, [1]],
    ['silence', () => 0, [1, 4, 8]],
  ] satisfies [string, Rates, number[]][])('of %s', (_what, rates, numbers) => {
    expect(course(rates)).toEqual({ numbers, settled: true })
  })

  it('waits for leave', () => {
    expect(course(slowOneByOne, { granted: 1 })).toEqual({ numbers: [1], settled: false })
    expect(course(slowOneByOne, { granted: 2 })).toEqual({ numbers: [1, 2], settled: false })
  })

  it('waits until the process is not what holds the copy up', () => {
    expect(course(slowOneByOne, { busy: () => 0.9 })).toEqual({ numbers: [1], settled: false })
    expect(course(slowOneByOne, { busy: (now) => (now < 500 ? 0.9 : 0.3) })).toEqual({
      numbers: [1, 4, 8],
      settled: true,
    })
  })

  it('stands by what it decided until it has measured again', () => {
    let now = 0
    const growth = createGrowth({ now: () => now, busy: () => 0 })
    growth.came(1)
    now += 100
    expect([growth.wanted(1), growth.wanted(1), growth.wanted(2)]).toEqual([4, 4, 4])
    now += 99
    expect(growth.wanted(4)).toBe(4)
  })

  it('takes no step back for one bad measurement', () => {
    const hiccup = { from: 200, to: 400 }
    const isHiccup = (now: number): boolean => now >= hiccup.from && now < hiccup.to
    expect(course((parts, now) => (isHiccup(now) ? 1000 : slowOneByOne(parts)))).toEqual({
      numbers: [1, 4, 8],
      settled: true,
    })
    hiccup.to = 800
    expect(course((parts, now) => (isHiccup(now) ? 1000 : slowOneByOne(parts)))).toEqual({
      numbers: [1, 4, 1],
      settled: true,
    })
  })

  it('decides nothing before it has measured', () => {
    let now = 0
    const growth = createGrowth({ now: () => now, busy: () => 0 })
    growth.came(1)
    now += 99
    expect([growth.wanted(1), growth.settled]).toEqual([1, false])
  })
})
