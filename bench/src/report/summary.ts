import type { BenchLink } from '../links.ts'
import type { MissedRow, RowResult } from '../result.ts'
import { NO_OPERATION } from '../rounds.ts'
import { scenarioOf } from '../scenarios.ts'
import { FLOOR, OURS } from '../tools.ts'
import { cpu, fastestPeer, memory, peersOf, ratioOf, seriesOf, valuesOf, wall } from './compare.ts'
import { formatMedian, formatSpread, formatTable, NONE } from './markdown.ts'

/** One line for each row, one table for each distance: this project's command against every peer and the floor. */
export function formatSummary(results: readonly RowResult[], missed: readonly MissedRow[]): string {
  const links = [...new Set(results.map(({ link }) => link))]
  const tables = links.map((link) =>
    formatLink(
      link,
      results.filter((result) => result.link === link),
    ),
  )
  const notes = [
    ...results.flatMap(({ series, ...row }) =>
      series.flatMap(({ tool, problem }) => (problem === undefined ? [] : [describeProblem(row, tool, problem)])),
    ),
    ...missed.map(({ reason, ...row }) => `${nameOf(row)}: ${reason}`),
  ]
  const list =
    notes.length === 0 ? '' : `\nNot measured:\n\n${[...new Set(notes)].map((note) => `- ${note}\n`).join('')}`
  return tables.join('') + list
}

/** What a tool cannot do at all is said once, for every image and distance. */
function describeProblem(row: Omit<RowResult, 'series'>, tool: string, problem: string): string {
  const name = problem === NO_OPERATION ? scenarioOf(row.scenario).title : nameOf(row)
  return `${name}: ${tool} ${problem}`
}

export function nameOf({ link, scenario, image }: Pick<RowResult, 'link' | 'scenario' | 'image'>): string {
  const { title, images } = scenarioOf(scenario)
  const place = link.title === '' ? '' : `, ${link.title}`
  return images === 'one' ? `${title}${place}` : `${title}, ${image}${place}`
}

function formatLink(link: BenchLink, results: readonly RowResult[]): string {
  const peers = [...new Set(results.flatMap(({ series }) => series.map(({ tool }) => tool)))].filter(
    (tool) => tool !== OURS && tool !== FLOOR,
  )
  const others = [...peers, FLOOR]
  const header = [
    'work',
    'image',
    'fastest peer',
    'wall s',
    '/ fastest peer',
    ...others.map((tool) => `/ ${tool}`),
    'CPU / fastest peer',
    'peak MB',
    'requests',
    'fewest of a peer',
  ]
  const rows = results.map((result) => [
    scenarioOf(result.scenario).title,
    scenarioOf(result.scenario).images === 'one' ? NONE : result.image,
    ...formatRow(result, others),
  ])
  const title = link.title === '' ? 'On this machine, without distance' : `Registries: ${link.title}`
  return `\n${title}:\n\n${formatTable(header, rows, 3)}`
}

function formatRow(result: RowResult, others: readonly string[]): readonly string[] {
  const ours = seriesOf(result, OURS)
  const fastest = fastestPeer(result)
  if (ours === undefined) return [fastest?.tool ?? NONE]
  const ratios = others.map((tool) => {
    const theirs = seriesOf(result, tool)
    return theirs === undefined ? NONE : formatMedian(ratioOf(ours, theirs, wall), 2)
  })
  const fewest = Math.min(...peersOf(result).map(({ traffic }) => traffic?.requests ?? Infinity))
  const peak = valuesOf(ours, memory)
  return [
    fastest?.tool ?? NONE,
    formatSpread(valuesOf(ours, wall), 3),
    fastest === undefined ? NONE : formatSpread(ratioOf(ours, fastest, wall), 2),
    ...ratios,
    fastest === undefined ? NONE : formatMedian(ratioOf(ours, fastest, cpu), 2),
    peak === undefined ? NONE : (peak.most / 1e6).toFixed(0),
    ours.traffic === undefined ? NONE : String(ours.traffic.requests),
    fewest === Infinity ? NONE : String(fewest),
  ]
}
