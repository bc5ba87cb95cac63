import { createLink } from '../src/links.ts'
import type { Traffic } from '../src/link/counting-proxy.ts'
import type { RowResult } from '../src/result.ts'
import type { Series } from '../src/rounds.ts'

export interface SeriesSketch {
  readonly wall?: readonly number[]
  readonly peakMb?: readonly number[]
  readonly traffic?: Partial<Traffic>
  readonly problem?: string
}

/** A tool's figures: the processor takes half of the wall time, memory 50 MB, unless it says otherwise. */
export function series(tool: string, { wall = [], peakMb = [], traffic, problem }: SeriesSketch): Series {
  const measurements = wall.map((wallS, round) => ({
    exitCode: 0,
    wallS,
    cpuS: wallS / 2,
    peakBytes: (peakMb[round] ?? 50) * 1e6,
    stderr: '',
    stdout: '',
  }))
  const counted = traffic && { requests: 0, sent: 0, received: 0, blobs: 0, ...traffic }
  return { tool, measurements, traffic: counted, problem }
}

/** A row at no distance, of a pull of the large image, unless it says otherwise. */
export function row(sketch: Partial<RowResult> & Pick<RowResult, 'series'>): RowResult {
  return { link: createLink(), scenario: 'pull', image: 'big', ...sketch }
}
