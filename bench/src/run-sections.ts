import type { Bench } from './bench.ts'
import type { Section } from './plan.ts'
import type { MissedRow, RowResult } from './result.ts'
import { runRounds } from './rounds.ts'
import { scenarioOf } from './scenarios.ts'

export interface RunOptions {
  readonly runs: number
  readonly signal: AbortSignal
  /** Told of each section when it is done. */
  readonly onSection: (section: Section, results: readonly RowResult[]) => void
}

export interface SectionResults {
  readonly results: readonly RowResult[]
  readonly missed: readonly MissedRow[]
}

/** One section after the other. A link that cannot be made here is told of, not silently left out. */
export async function runSections(
  bench: Bench,
  sections: readonly Section[],
  options: RunOptions,
): Promise<SectionResults> {
  const { runs, signal, onSection } = options
  const results: RowResult[] = []
  const missed: MissedRow[] = []
  for (const section of sections) {
    const { link, scenario: name, images } = section
    const scenario = scenarioOf(name)
    const rows = images.map((image) => ({ link, scenario: name, image }))
    try {
      await using sites = await bench.openSites(link)
      const before = results.length
      for (const row of rows) {
        process.stderr.write(`${scenario.title}: ${row.image}${link.title === '' ? '' : `, ${link.title}`}\n`)
        const { tools, env } = bench
        const { timed, counted } = sites
        const image = bench.image(row.image)
        results.push({ ...row, series: await runRounds({ scenario, image, tools, runs, timed, counted, env, signal }) })
      }
      onSection(section, results.slice(before))
    } catch (error) {
      signal.throwIfAborted()
      const reason = error instanceof Error ? error.message : String(error)
      missed.push(...rows.map((row) => ({ ...row, reason })))
    }
  }
  return { results, missed }
}
