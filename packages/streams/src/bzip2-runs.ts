import type { Bzip2Block } from './bzip2-block.ts'

/** Where the reading of a linked block is; four equal bytes are followed by the number of further ones. */
export interface Bzip2Runs {
  /** What {@link Bzip2Block.sorted} has for the byte before the next one, without its value: the place of the next one. */
  next: number
  /** Bytes of the block that are left. */
  left: number
  previous: number
  /** How many equal bytes came, up to four. */
  equal: number
  /** How many more times `previous` is to come. */
  repeat: number
}

const RUN = 4

export function beginRuns({ sorted, size }: Bzip2Block, origin: number): Bzip2Runs {
  return { next: (sorted[origin] ?? 0) >>> 8, left: size, previous: -1, equal: 0, repeat: 0 }
}

/** Writes the next bytes of the content; gives their number, less than `output` takes only at the end. */
export function expandRuns({ sorted }: Bzip2Block, runs: Bzip2Runs, output: Uint8Array): number {
  let { next, left, previous, equal, repeat } = runs
  let written = 0
  while (written < output.length) {
    if (repeat > 0) {
      const end = Math.min(written + repeat, output.length)
      output.fill(previous, written, end)
      repeat -= end - written
      written = end
      continue
    }
    if (left === 0) break
    const entry = sorted[next] ?? 0
    const value = entry & 0xff
    next = entry >>> 8
    left -= 1
    if (equal === RUN) {
      repeat = value
      equal = 0
      continue
    }
    equal = value === previous ? equal + 1 : 1
    previous = value
    output[written] = value
    written += 1
  }
  Object.assign(runs, { next, left, previous, equal, repeat })
  return written
}
