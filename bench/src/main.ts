import { readFileSync, writeFileSync, appendFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { openBench } from './bench.ts'
import { checkLink } from './link/check-link.ts'
import { type BenchOptions, HELP, readOptions } from './options.ts'
import { profile, readProfile, selfTimes } from './profile.ts'
import { replaceBlock, STORE_BLOCK } from './report/block.ts'
import { formatDetail } from './report/detail.ts'
import { formatGoals } from './report/goal-table.ts'
import { formatHead, formatMachine } from './report/head.ts'
import { formatStoreTable } from './report/store-table.ts'
import { formatSummary } from './report/summary.ts'
import { runSections } from './run-sections.ts'
import { scenarioOf } from './scenarios.ts'
import { measureStore } from './store/measure-store.ts'
import { OURS } from './tools.ts'

const profiles = resolve(import.meta.dirname, '../../node_modules/.cache/crossdock-profiles')
const PROFILE_LINES = 20

async function runMeasurement(options: BenchOptions, signal: AbortSignal): Promise<void> {
  const { sections, runs, scale, goals, out, into } = options
  // Before an hour has passed.
  const page = into === undefined ? undefined : replaceBlock(readFileSync(into, 'utf8'), '')
  if (out !== undefined) writeFileSync(out, '')
  const say = (text: string): void => {
    process.stdout.write(text)
    if (out !== undefined) appendFileSync(out, text)
  }
  await using bench = await openBench(options, signal)
  const { tools, registry } = bench
  const head = formatHead({ tools, registry, runs, scale, date: new Date() })
  say(head)
  const { results, missed } = await runSections(bench, sections, {
    runs,
    signal,
    onSection: ({ scenario, link }, rows) => {
      const { title } = scenarioOf(scenario)
      say(formatDetail(link.title === '' ? title : `${title}, ${link.title}`, rows))
    },
  })
  if (results.length === 0) throw new Error(missed[0]?.reason ?? 'nothing was measured')
  const summary = formatSummary(results, missed)
  const table = goals ? formatGoals(results) : ''
  say(`\n## Summary\n${summary}${table}`)
  if (into !== undefined && page !== undefined) writeFileSync(into, replaceBlock(page, `${head}${summary}${table}`))
}

/** One image of one scenario at one distance. */
async function runProfile(options: BenchOptions, signal: AbortSignal): Promise<void> {
  await using bench = await openBench(options, signal)
  const tool = bench.tools.find(({ name }) => name === OURS)
  if (tool === undefined) throw new Error(`--profile is of ${OURS}, which --tools leaves out`)
  for (const { scenario, link, images } of options.sections) {
    await using sites = await bench.openSites(link)
    for (const shape of images) {
      const folder = join(profiles, `${scenario}-${shape}-${Date.now()}`)
      const common = { scenario: scenarioOf(scenario), image: bench.image(shape), site: sites.timed, tool }
      const paths = await profile({ ...common, folder, env: bench.env, signal })
      for (const path of paths) {
        const times = selfTimes(await readProfile(path)).slice(0, PROFILE_LINES)
        const lines = times.map(({ where, ms }) => `${ms.toFixed(1).padStart(9)} ms  ${where}\n`)
        process.stdout.write(`${path}\n${lines.join('')}\n`)
      }
    }
  }
}

function note(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** What is done with stores, and how it grows with them. */
async function runStore({ storeSizes, runs, out, into }: BenchOptions, signal: AbortSignal): Promise<void> {
  const page = into === undefined ? undefined : readFileSync(into, 'utf8')
  if (page !== undefined) replaceBlock(page, '', STORE_BLOCK)
  const rows = await measureStore({ sizes: storeSizes, runs, signal, onNote: note })
  const text = `- ${formatMachine(new Date())}\n- the least of ${runs} runs, of three times as many of the library; removing is done once\n\n${formatStoreTable(rows)}`
  process.stdout.write(text)
  if (out !== undefined) writeFileSync(out, text)
  if (into !== undefined && page !== undefined) writeFileSync(into, replaceBlock(page, text, STORE_BLOCK))
}

async function run(argv: readonly string[], signal: AbortSignal): Promise<void> {
  const options = readOptions(argv)
  switch (options.mode) {
    case 'help':
      process.stdout.write(HELP)
      return
    case 'check-link':
      for await (const line of checkLink(options.link)) process.stdout.write(`${line}\n`)
      return
    case 'store':
      return runStore(options, signal)
    case 'profile':
      return runProfile(options, signal)
    default:
      return runMeasurement(options, signal)
  }
}

const controller = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => controller.abort(new Error(`interrupted by ${name}`)))
}
try {
  await run(process.argv.slice(2), controller.signal)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = controller.signal.aborted ? 130 : 1
}
