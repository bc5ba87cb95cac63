import { expect, test } from 'vitest'
import { createLink, FAR, FAR_LIMITED, LIMITED, NEAR_TLS } from '../../src/links.ts'
import { STANDARD } from '../../src/plan.ts'
import { formatGoals } from '../../src/report/goal-table.ts'
import { GOALS } from '../../src/report/goals.ts'
import type { RowResult } from '../../src/result.ts'
import { row, series, type SeriesSketch } from '../series.ts'

/** The lines of the table for one goal: row, when, asks, figure, holds. */
function linesOf(goal: string, results: readonly RowResult[]): readonly string[] {
  return formatGoals(results)
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter((cells) => cells[1]?.startsWith(goal))
    .map((cells) => cells.slice(2, -1).join(' | '))
}

function tools(sketches: Readonly<Record<string, SeriesSketch>>): Pick<RowResult, 'series'> {
  return { series: Object.entries(sketches).map(([tool, sketch]) => series(tool, sketch)) }
}

const both = (ours: number, theirs: number, peer = 'skopeo'): Pick<RowResult, 'series'> =>
  tools({ [peer]: { wall: [theirs] }, crossdock: { wall: [ours] } })

test('the standard set has a row for every goal', () => {
  const results = STANDARD.flatMap(({ images, ...section }) =>
    images.map((image) => row({ ...section, image, ...both(1, 1) })),
  )
  const missing = GOALS.filter(({ rows }) => rows(results).length === 0).map(({ work }) => work)
  expect(missing).toEqual([])
})

test('a goal holds if the median of the ratios does', () => {
  const walls = { skopeo: { wall: [1, 1, 1] }, crane: { wall: [2, 2, 2] }, crossdock: { wall: [0.9, 1, 3] } }
  expect(linesOf('registry → folder: large', [row(tools({ ...walls, floor: { wall: [0.5, 1, 1] } }))])).toEqual([
    'registry → folder, big | now | ≤ 1 of skopeo | 1.00 (0.90..3.00) | yes',
    'registry → folder, big | then | ≤ 1 of crane | 0.50 (0.45..1.50) | yes',
    'registry → folder, big | then | ≤ 1 of oras | not measured | –',
    'registry → folder, big | then | ≤ 1.25 of floor | 1.80 (1.00..3.00) | no',
  ])
})

test.each([
  {
    goal: 'folder → registry',
    sketch: { scenario: 'push', image: 'multi', ...both(0.81, 1) },
    line: 'folder → registry, multi | now | ≤ 0.8 of skopeo | 0.81 (0.81..0.81) | no',
  },
  {
    goal: 'registry → registry',
    sketch: { scenario: 'copy', ...both(1, 1) },
    line: 'registry → another registry, big | now | ≤ 1 of skopeo | 1.00 (1.00..1.00) | yes',
  },
  {
    goal: 'folder → folder',
    sketch: { scenario: 'folder', ...both(7, 10) },
    line: 'folder → folder, big | now | ≤ 0.7 of skopeo | 0.70 (0.70..0.70) | yes',
  },
  {
    goal: 'registry → folder: large',
    sketch: { link: NEAR_TLS, image: 'files', ...both(2, 1) },
    line: 'registry → folder, files, over TLS | now | ≤ 1 of skopeo | 2.00 (2.00..2.00) | no',
  },
  {
    goal: '30 ms: inspect',
    sketch: { link: FAR, scenario: 'inspect', image: 'tiny', ...both(1, 2, 'crane') },
    line: 'inspect, round trip of 30 ms | now | ≤ 1 of the fastest peer | 0.50 (0.50..0.50) of crane | yes',
  },
  {
    goal: '30 ms: 60 layers, folder',
    sketch: { link: FAR, scenario: 'push', image: 'many', ...both(0.1, 1) },
    line: 'folder → registry, many, round trip of 30 ms | now | ≤ 0.12 of skopeo | 0.10 (0.10..0.10) | yes',
  },
  {
    goal: '30 ms: 60 layers, registry',
    sketch: { link: FAR, image: 'many', ...both(0.7, 1) },
    line: 'registry → folder, many, round trip of 30 ms | now | ≤ 0.6 of skopeo | 0.70 (0.70..0.70) | no',
  },
  {
    goal: 'one large layer',
    sketch: { link: LIMITED, ...both(0.2, 1) },
    line: 'registry → folder, big, 100 MB/s a connection | now | ≤ 0.25 of skopeo | 0.20 (0.20..0.20) | yes',
  },
  {
    goal: 'one large layer',
    sketch: { link: FAR_LIMITED, ...both(0.3, 1) },
    line: 'registry → folder, big, round trip of 30 ms, 100 MB/s a connection | now | ≤ 0.25 of skopeo | 0.30 (0.30..0.30) | no',
  },
  {
    goal: 'repeated copy',
    sketch: { scenario: 'pull-again', ...both(1, 1) },
    line: 'registry → folder that has it, big | now | ≤ 1 of skopeo | 1.00 (1.00..1.00) | yes',
  },
  {
    goal: 'start-up',
    sketch: { scenario: 'version', ...both(1.6, 1, 'floor') },
    line: 'start-up: --version | now | ≤ 2 of floor | 1.60 (1.60..1.60) | yes',
  },
] as const)('$line', ({ goal, sketch, line }) => {
  expect(linesOf(goal, [row(sketch)])[0]).toBe(line)
})

test('a mount may not move a byte of a blob, and takes three round trips beyond the start', () => {
  const mount = (wall: number, blobs: number): RowResult =>
    row({ link: FAR, scenario: 'mount', ...tools({ crossdock: { wall: [wall], traffic: { blobs } } }) })
  const start = row({ scenario: 'version', ...tools({ crossdock: { wall: [0.05] } }) })
  const name = 'registry → another repository of the same registry, big, round trip of 30 ms'
  expect(linesOf('same registry', [start, mount(0.14, 0)])).toEqual([
    `${name} | now | no blob byte moves | 0.0 kB | yes`,
  ])
  expect(linesOf('same registry', [start, mount(0.14, 700)])[0]).toContain('0.7 kB | no')
  const trips = (wall: number): string | undefined => linesOf('30 ms: same', [start, mount(wall, 0)])[0]
  expect(trips(0.13)).toBe(`${name} | then | start-up + 3 round trips | start-up + 2.7 | yes`)
  expect(trips(0.155)).toContain('start-up + 3.5 | no')
  expect(linesOf('30 ms: same', [mount(0.13, 0)])[0]).toContain('not measured | –')
})

test('requests are compared with those of the peer that needs fewest, and with a number', () => {
  expect(linesOf('30 ms: inspect', [tags(requests(2, 3, 2))])[1]).toContain('fewest requests of all | 2, limit 2 | yes')
  expect(linesOf('30 ms: inspect', [tags(requests(3, 4, 2))])[1]).toContain('3, limit 2 | no')
  expect(linesOf('repeated', [row({ scenario: 'push-again', ...requests(3) })])[1]).toContain(
    '2 requests | 3, limit 2 | no',
  )
})

test('memory is that of the row that took most', () => {
  expect(linesOf('memory', [peak('tiny', 90), peak('big', 100, 151, 90), peak('many', 120)])).toEqual([
    'registry → folder, big | now | ≤ 150 MB | 151 MB | no',
    'registry → folder, big | then | ≤ 100 MB | 151 MB | no',
  ])
})

test('the heading counts, and what was not measured is said', () => {
  const text = formatGoals([row({ scenario: 'copy', link: createLink(), ...both(0.5, 1) })])
  expect(text).toContain('### Goals: 2 of 2 hold now, 1 of 1 hold then')
  expect(linesOf('folder → folder', [])).toEqual([
    '– | now | ≤ 0.7 of skopeo | not measured | –',
    '– | then | ≤ 1 of oras | not measured | –',
  ])
})

function requests(ours: number, ...theirs: readonly number[]): Pick<RowResult, 'series'> {
  return tools({
    ...Object.fromEntries(theirs.map((count, at) => [`peer-${at}`, { wall: [1], traffic: { requests: count } }])),
    crossdock: { wall: [1], traffic: { requests: ours } },
  })
}

function tags(counts: Pick<RowResult, 'series'>): RowResult {
  return row({ link: FAR, scenario: 'list-tags', image: 'tiny', ...counts })
}

function peak(image: RowResult['image'], ...peakMb: readonly number[]): RowResult {
  return row({ image, ...tools({ crossdock: { wall: peakMb, peakMb } }) })
}
