import type { RowResult } from '../result.ts'
import type { ScenarioName } from '../scenarios.ts'
import { FLOOR, OURS } from '../tools.ts'
import { fastestPeer, memory, peersOf, ratioOf, seriesOf, valuesOf, wall } from './compare.ts'
import { formatBytes, formatSpread } from './markdown.ts'

/** What came out of one row for one goal. */
export interface Finding {
  readonly figure: string
  readonly holds: boolean
}

/** Undefined where the row has nothing to say: a peer is missing, or the tool failed. */
type Judge = (row: RowResult, all: readonly RowResult[]) => Finding | undefined

interface Demand {
  readonly when: 'now' | 'then'
  readonly asks: string
  readonly judge: Judge
}

/** A line of the table of goals. */
export interface Goal {
  readonly work: string
  /** What of all that was measured it is about. */
  readonly rows: (all: readonly RowResult[]) => readonly RowResult[]
  readonly demands: readonly Demand[]
}

const FASTEST = 'the fastest peer'

function ratioAtMost(when: Demand['when'], limit: number, than: string): Demand {
  return {
    when,
    asks: `≤ ${limit} of ${than}`,
    judge: (row) => {
      const [ours, theirs] = [seriesOf(row, OURS), than === FASTEST ? fastestPeer(row) : seriesOf(row, than)]
      const ratio = ours === undefined || theirs === undefined ? undefined : ratioOf(ours, theirs, wall)
      if (theirs === undefined || ratio === undefined) return undefined
      const name = than === FASTEST ? ` of ${theirs.tool}` : ''
      return { figure: `${formatSpread(ratio, 2)}${name}`, holds: ratio.median <= limit }
    },
  }
}

function peakAtMost(when: Demand['when'], megabytes: number): Demand {
  return {
    when,
    asks: `≤ ${megabytes} MB`,
    judge: (row) => {
      const ours = seriesOf(row, OURS)
      const peak = ours === undefined ? undefined : valuesOf(ours, memory)
      if (peak === undefined) return undefined
      return { figure: `${(peak.most / 1e6).toFixed(0)} MB`, holds: peak.most <= megabytes * 1e6 }
    },
  }
}

function requestsAtMost(asks: string, limit: (row: RowResult) => number): Demand {
  return {
    when: 'then',
    asks,
    judge: (row) => {
      const requests = seriesOf(row, OURS)?.traffic?.requests
      const most = limit(row)
      if (requests === undefined || most === Infinity) return undefined
      return { figure: `${requests}, limit ${most}`, holds: requests <= most }
    },
  }
}

const noBlobMoves: Judge = (row) => {
  const moved = seriesOf(row, OURS)?.traffic?.blobs
  return moved === undefined ? undefined : { figure: formatBytes(moved), holds: moved === 0 }
}

/** What a mount takes beyond the start of the command, in round trips. */
const startAndThreeRoundTrips: Judge = (row, all) => {
  const start = all.find(({ scenario }) => scenario === 'version')
  const [started, mounted] = [start, row].map((one) => one && seriesOf(one, OURS))
  const before = started === undefined ? undefined : valuesOf(started, wall)
  const took = mounted === undefined ? undefined : valuesOf(mounted, wall)
  if (before === undefined || took === undefined) return undefined
  const trips = ((took.median - before.median) * 1000) / row.link.rttMs
  return { figure: `start-up + ${trips.toFixed(1)}`, holds: trips <= 3 }
}

const fewestOfPeers = (row: RowResult): number =>
  Math.min(...peersOf(row).map(({ traffic }) => traffic?.requests ?? Infinity))

const limited = ({ link }: RowResult): boolean => link.bytesPerSecond < Infinity
const near = ({ link }: RowResult): boolean => link.rttMs === 0 && link.bytesPerSecond === Infinity
const far = ({ link }: RowResult): boolean => link.rttMs === 30 && link.bytesPerSecond === Infinity
const is =
  (...scenarios: readonly ScenarioName[]) =>
  ({ scenario }: RowResult): boolean =>
    scenarios.includes(scenario)
const large = ({ image }: RowResult): boolean => ['big', 'incompressible', 'multi', 'files'].includes(image)
const small = ({ image }: RowResult): boolean => image === 'tiny'

const where =
  (applies: (row: RowResult) => boolean): Goal['rows'] =>
  (all) =>
    all.filter(applies)

/** The one row in which this project's command took most. */
const mostMemory: Goal['rows'] = (all) => all.toSorted((a, b) => peakOf(b) - peakOf(a)).slice(0, 1)

function peakOf(row: RowResult): number {
  const ours = seriesOf(row, OURS)
  return (ours && valuesOf(ours, memory)?.most) ?? 0
}

/** Of the project, for its command's wall time if nothing else is said; a report, not a test. */
export const GOALS: readonly Goal[] = [
  {
    work: 'registry → folder: large and many-file images, http and TLS',
    rows: where((row) => is('pull')(row) && near(row) && large(row)),
    demands: [
      ratioAtMost('now', 1, 'skopeo'),
      ratioAtMost('then', 1, 'crane'),
      ratioAtMost('then', 1, 'oras'),
      ratioAtMost('then', 1.25, FLOOR),
    ],
  },
  {
    work: 'folder → registry',
    rows: where((row) => is('push')(row) && near(row) && !small(row)),
    demands: [ratioAtMost('now', 0.8, 'skopeo'), ratioAtMost('then', 1.1, 'crane')],
  },
  {
    work: 'registry → registry',
    rows: where((row) => is('copy')(row) && near(row) && !small(row)),
    demands: [ratioAtMost('now', 1, 'skopeo'), ratioAtMost('then', 1, 'oras')],
  },
  {
    work: 'folder → folder',
    rows: where((row) => is('folder')(row) && !small(row)),
    demands: [ratioAtMost('now', 0.7, 'skopeo'), ratioAtMost('then', 1, 'oras')],
  },
  {
    work: 'same registry, mounted',
    rows: where(is('mount')),
    demands: [{ when: 'now', asks: 'no blob byte moves', judge: noBlobMoves }],
  },
  {
    work: '30 ms: same registry, mounted',
    rows: where((row) => far(row) && is('mount')(row)),
    demands: [{ when: 'then', asks: 'start-up + 3 round trips', judge: startAndThreeRoundTrips }],
  },
  {
    work: '30 ms: inspect, list-tags, small copies',
    rows: where((row) => far(row) && small(row) && is('inspect', 'list-tags', 'pull', 'push', 'copy', 'mount')(row)),
    demands: [ratioAtMost('now', 1, FASTEST), requestsAtMost('fewest requests of all', fewestOfPeers)],
  },
  {
    work: '30 ms: 60 layers, folder → registry',
    rows: where((row) => far(row) && is('push')(row) && row.image === 'many'),
    demands: [ratioAtMost('now', 0.12, 'skopeo'), ratioAtMost('then', 0.06, 'skopeo')],
  },
  {
    work: '30 ms: 60 layers, registry → folder',
    rows: where((row) => far(row) && is('pull')(row) && row.image === 'many'),
    demands: [ratioAtMost('now', 0.6, 'skopeo'), ratioAtMost('then', 0.48, 'skopeo')],
  },
  {
    work: 'one large layer, limited connections',
    rows: where((row) => limited(row) && is('pull')(row) && ['big', 'incompressible'].includes(row.image)),
    demands: [ratioAtMost('now', 0.25, 'skopeo'), ratioAtMost('then', 1.25, FLOOR)],
  },
  {
    work: 'repeated copy, nothing to do',
    rows: where(is('pull-again', 'push-again')),
    demands: [ratioAtMost('now', 1, 'skopeo'), requestsAtMost('2 requests', () => 2)],
  },
  {
    work: 'registry → docker-archive',
    rows: where(is('save')),
    demands: [ratioAtMost('now', 0.3, 'skopeo'), ratioAtMost('then', 1.2, 'crane')],
  },
  {
    work: 'memory',
    rows: mostMemory,
    demands: [peakAtMost('now', 150), peakAtMost('then', 100)],
  },
  {
    work: 'start-up of --version',
    rows: where(is('version')),
    demands: [ratioAtMost('now', 2, FLOOR), ratioAtMost('then', 1.5, FLOOR)],
  },
]
