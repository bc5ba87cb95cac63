import type { Measurement } from '../measure.ts'
import type { RowResult } from '../result.ts'
import type { Series } from '../rounds.ts'
import { FLOOR, OURS } from '../tools.ts'
import { type Spread, spreadOf } from './statistics.ts'

export type Quantity = (measurement: Measurement) => number | undefined

export const wall: Quantity = ({ wallS }) => wallS
export const cpu: Quantity = ({ cpuS }) => cpuS
export const memory: Quantity = ({ peakBytes }) => peakBytes

export function valuesOf(series: Series, quantity: Quantity): Spread | undefined {
  return spreadOf(series.measurements.map(quantity))
}

/** Round by round, so that what disturbed a round is on both sides of its ratio. */
export function ratioOf(ours: Series, theirs: Series, quantity: Quantity): Spread | undefined {
  return spreadOf(
    ours.measurements.map((measurement, round) => {
      const other = theirs.measurements[round]
      const [value, base] = [quantity(measurement), other === undefined ? undefined : quantity(other)]
      return value === undefined || base === undefined || base === 0 ? undefined : value / base
    }),
  )
}

export function seriesOf({ series }: Pick<RowResult, 'series'>, tool: string): Series | undefined {
  return series.find((one) => one.tool === tool && one.problem === undefined)
}

export function peersOf({ series }: Pick<RowResult, 'series'>): readonly Series[] {
  return series.filter(({ tool, problem }) => tool !== OURS && tool !== FLOOR && problem === undefined)
}

/** The peer with the least median of wall time. */
export function fastestPeer(result: Pick<RowResult, 'series'>): Series | undefined {
  const [first, ...others] = peersOf(result)
  if (first === undefined) return undefined
  return others.reduce((best, one) => (medianWall(one) < medianWall(best) ? one : best), first)
}

function medianWall(series: Series): number {
  return valuesOf(series, wall)?.median ?? Infinity
}
