import { arch, cpus, platform, totalmem } from 'node:os'
import type { Measurement } from './measure.ts'
import type { Series } from './rounds.ts'
import type { Tool } from './tools.ts'

/** The peer that ratios are to. */
const REFERENCE = 'skopeo'

const NONE = '–'

/** What was measured, where and with what. */
export function formatHead(tools: readonly Tool[], conditions: readonly string[]): string {
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${arch()}, Node.js ${process.versions.node}`
  const versions = tools.map(({ name, version }) => `${name} ${version}`).join(', ')
  return [machine, versions, ...conditions].map((line) => `- ${line}\n`).join('')
}

/** What became of all tools with one image. */
export interface ImageSeries {
  readonly image: string
  readonly series: readonly Series[]
}

const HEADER = [
  'image',
  'tool',
  'wall s',
  `/ ${REFERENCE}`,
  'CPU s',
  `/ ${REFERENCE}`,
  'peak MB',
  'requests',
  'sent',
  'received',
]

/** One scenario as a Markdown table; failures are named below it. */
export function formatScenario(title: string, images: readonly ImageSeries[]): string {
  const rows = images.flatMap(({ image, series }) => {
    const reference = series.find(({ tool }) => tool.name === REFERENCE)
    return series.filter(({ failure }) => failure === undefined).map((one) => [image, ...formatSeries(one, reference)])
  })
  const failures = images.flatMap(({ image, series }) =>
    series.flatMap(({ tool, failure }) =>
      failure === undefined ? [] : [`\n${tool.name} failed with ${image}: ${failure}\n`],
    ),
  )
  const rule = HEADER.map((_, column) => (column < 2 ? '---' : '--:'))
  return [`\n### ${title}\n\n`, ...[HEADER, rule, ...rows].map(tableLine), ...failures].join('')
}

function formatSeries({ tool, measurements, traffic }: Series, reference: Series | undefined): readonly string[] {
  const wall = measurements.map(({ wallS }) => wallS)
  const cpu = measurements.map(({ cpuS }) => cpuS ?? Number.NaN)
  const peak = median(measurements.map(({ peakBytes }) => (peakBytes ?? Number.NaN) / 1e6))
  const others = tool.name === REFERENCE ? [] : measurements
  return [
    tool.name,
    formatSpread(wall, 3),
    formatRatios(others, reference, ({ wallS }) => wallS),
    formatSpread(cpu, 2),
    formatRatios(others, reference, ({ cpuS }) => cpuS),
    Number.isNaN(peak) ? NONE : peak.toFixed(0),
    ...(traffic === undefined
      ? [NONE, NONE, NONE]
      : [String(traffic.requests), formatBytes(traffic.sent), formatBytes(traffic.received)]),
  ]
}

function formatSpread(values: readonly number[], digits: number): string {
  const middle = median(values)
  if (Number.isNaN(middle)) return NONE
  return `${middle.toFixed(digits)} (${Math.min(...values).toFixed(digits)}..${Math.max(...values).toFixed(digits)})`
}

type Quantity = (measurement: Measurement) => number | undefined

/** Round by round, so that what disturbed a round disturbs both sides of its ratio: the median, and the extremes. */
function formatRatios(ours: readonly Measurement[], reference: Series | undefined, quantity: Quantity): string {
  const ratios = ours.flatMap((measurement, round) => {
    const theirs = reference?.measurements[round]
    const [value, base] = [quantity(measurement), theirs === undefined ? undefined : quantity(theirs)]
    return value === undefined || base === undefined || base === 0 ? [] : [value / base]
  })
  return ratios.length === 0 ? NONE : formatSpread(ratios, 2)
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  const [low = Number.NaN, high = Number.NaN] = [sorted[sorted.length % 2 === 0 ? half - 1 : half], sorted[half]]
  return (low + high) / 2
}

function formatBytes(bytes: number): string {
  if (bytes < 1e5) return `${(bytes / 1e3).toFixed(1)} kB`
  return `${(bytes / 1e6).toFixed(1)} MB`
}

function tableLine(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |\n`
}
