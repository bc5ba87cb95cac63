import type { Traffic } from '../link/counting-proxy.ts'
import type { RowResult } from '../result.ts'
import type { Series } from '../rounds.ts'
import { OURS } from '../tools.ts'
import { cpu, fastestPeer, memory, type Quantity, ratioOf, seriesOf, valuesOf, wall } from './compare.ts'
import { formatBytes, formatSpread, formatTable, NONE } from './markdown.ts'

const HEADER = [
  'image',
  'tool',
  'wall s',
  'ours / it',
  'CPU s',
  'ours / it',
  'peak MB',
  'ours / it',
  'requests',
  'ours / it',
  'sent',
  'received',
  'ours / it',
]

/** One scenario at one distance: every tool with every image, and this project's command as a ratio to each of them. */
export function formatDetail(title: string, results: readonly RowResult[]): string {
  const rows = results.flatMap((result) => {
    const ours = seriesOf(result, OURS)
    const fastest = fastestPeer(result)
    return result.series.map((series) => [
      result.image,
      series === fastest ? `${series.tool} (fastest peer)` : series.tool,
      ...(series.problem === undefined ? formatSeries(series, ours) : HEADER.slice(2).map(() => NONE)),
    ])
  })
  const problems = results.flatMap(({ image, series }) =>
    series.flatMap(({ tool, problem }) => (problem === undefined ? [] : [`- ${tool} with ${image}: ${problem}\n`])),
  )
  const notes = problems.length === 0 ? '' : `\n${problems.join('')}`
  return `\n### ${title}\n\n${formatTable(HEADER, rows, 2)}${notes}`
}

const megabytes: Quantity = ({ peakBytes }) => (peakBytes === undefined ? undefined : peakBytes / 1e6)

function formatSeries(series: Series, ours: Series | undefined): readonly string[] {
  const ratio = (quantity: Quantity): string =>
    ours === undefined || ours === series ? NONE : formatSpread(ratioOf(ours, series, quantity), 2)
  const share = (quantity: (traffic: Traffic) => number): string => {
    if (ours?.traffic === undefined || ours === series || series.traffic === undefined) return NONE
    const base = quantity(series.traffic)
    return base === 0 ? NONE : (quantity(ours.traffic) / base).toFixed(2)
  }
  const { traffic } = series
  return [
    formatSpread(valuesOf(series, wall), 3),
    ratio(wall),
    formatSpread(valuesOf(series, cpu), 3),
    ratio(cpu),
    formatSpread(valuesOf(series, megabytes), 0),
    ratio(memory),
    traffic === undefined ? NONE : String(traffic.requests),
    share(({ requests }) => requests),
    traffic === undefined ? NONE : formatBytes(traffic.sent),
    traffic === undefined ? NONE : formatBytes(traffic.received),
    share(({ sent, received }) => sent + received),
  ]
}
