import type { Span } from './coverage.ts'

/** Deals out what is to be filled, from the front to the back. */
export interface PartQueue {
  readonly isEmpty: boolean
  /** The next gap, or what is left of it. */
  takeGap(): Span | undefined
  /** A part of the next gap, of a size for one of several readers. */
  takePart(isSettled: boolean): Span | undefined
}

const MIB = 1024 * 1024
/** While it is being found out how many parts are best. */
const TRIAL_BYTES = 8 * MIB
const LEAST_BYTES = 4 * MIB
const MOST_BYTES = 64 * MIB
/** The parts get smaller towards the end, so that all readers have something to do until then. */
const SHARE_OF_REST = 1 / 16

export function createPartQueue(spans: readonly Span[]): PartQueue {
  const gaps = [...spans]

  function take(bytes: number): Span | undefined {
    const gap = gaps.shift()
    if (gap === undefined || gap.to - gap.from <= bytes) return gap
    const to = gap.from + bytes
    gaps.unshift({ from: to, to: gap.to })
    return { from: gap.from, to }
  }

  return {
    get isEmpty() {
      return gaps.length === 0
    },
    takeGap: () => take(Infinity),
    takePart(isSettled) {
      if (!isSettled) return take(TRIAL_BYTES)
      const rest = gaps.reduce((total, { from, to }) => total + to - from, 0)
      return take(Math.min(MOST_BYTES, Math.max(LEAST_BYTES, Math.ceil(rest * SHARE_OF_REST))))
    },
  }
}
