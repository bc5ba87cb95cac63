import { join } from 'node:path'
import { openStore } from '@crossdock/store'
import { verifyLayout } from '@crossdock/test-images'
import { expect, it } from 'vitest'
import { type RunningProcess, startProcess } from '../src/start-process.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'

const CHILD = join(import.meta.dirname, 'children', 'use-store.ts')
const PROCESSES = 8
const HOUR_MS = 60 * 60 * 1000
/** In the suite some seconds; a minute and more by hand. */
const SECONDS = Number(process.env['STORE_SECONDS'] ?? 4)

/** What a name may stand for: of the last thing that was begun and not said to be done, the outcome is not known. */
type Outcomes = ReadonlySet<string | undefined>

function outcomes(lines: readonly string[]): ReadonlyMap<string, Outcomes> {
  const names = new Map<string, Outcomes>()
  for (const line of lines) {
    const [event, name = '', digest] = line.split(' ')
    const before = names.get(name) ?? new Set([undefined])
    if (event === 'storing') names.set(name, new Set([...before, digest]))
    if (event === 'stored') names.set(name, new Set([digest]))
    if (event === 'deleting') names.set(name, new Set([...before, undefined]))
    if (event === 'deleted') names.set(name, new Set([undefined]))
  }
  return names
}

interface Person {
  readonly owner: string
  readonly seed: number
  readonly forMs: number
}

function start(folder: string, { owner, seed, forMs }: Person): RunningProcess {
  const args = [folder, owner, String(seed), String(forMs)]
  return startProcess([process.execPath, '--disable-warning=ExperimentalWarning', CHILD, ...args])
}

it(
  `eight processes that pull, tag, delete and collect for ${SECONDS} seconds, some of them killed, lose nothing`,
  { timeout: SECONDS * 1000 + 120_000 },
  async () => {
    const root = await temporaryFolder()
    await using _ = root
    const folder = root.fresh('store')
    await (await openStore({ folder })).images.list()
    const said: string[] = []
    const ended: unknown[] = []

    /** Whenever one is killed, another goes on in its place. */
    async function killedPerson(number: number): Promise<void> {
      for (let killed = 0; killed < Math.max(2, SECONDS / 10); killed += 1) {
        await using child = start(folder, {
          owner: `killed-${number}-${killed}`,
          seed: number * 100 + killed,
          forMs: HOUR_MS,
        })
        const images = 1 + Math.floor(Math.random() * SECONDS)
        await child.untilOutput('stdout', new RegExp(`(?:\\nstored [^\\n]*(?:\\n(?!stored )[^\\n]*)*){${images}}`))
        const { stdout } = await child.kill('SIGKILL')
        said.push(...stdout.toString('utf8').split('\n'))
      }
    }

    async function person(number: number): Promise<void> {
      await using child = start(folder, { owner: `person-${number}`, seed: number, forMs: SECONDS * 1000 })
      const { exitCode, stdout, stderr } = await child.finished
      said.push(...stdout.toString('utf8').split('\n'))
      ended.push({ exitCode, stderr })
    }

    const half = Array.from({ length: PROCESSES / 2 }, (_unused, number) => number)
    await Promise.all([...half.map(killedPerson), ...half.map(person)])
    expect(ended).toStrictEqual(half.map(() => ({ exitCode: 0, stderr: '' })))

    const count = (event: string): number => said.filter((line) => line.startsWith(`${event} `)).length
    expect(count('stored')).toBeGreaterThan(PROCESSES)
    expect(count('collected')).toBeGreaterThan(0)
    // Only who knows nothing of leases may have to begin again.
    expect(said.filter((line) => /^failed (?!copyToLayout CONFLICT )/.test(line))).toStrictEqual([])
    if (process.env['STORE_SECONDS'] !== undefined)
      process.stderr.write(
        `${['stored', 'deleted', 'collected', 'failed'].map((event) => `${event} ${count(event)}`).join(', ')}\n`,
      )

    await using store = await openStore({ folder })
    const findings: unknown[] = []
    for await (const finding of store.verify()) findings.push(finding)
    expect(findings).toStrictEqual([])
    const stored = new Map((await store.images.list()).map(({ name, target }) => [name, target.digest]))
    const expected = outcomes(said)
    const wrong = [...expected].filter(([name, allowed]) => !allowed.has(stored.get(name)))
    expect(wrong).toStrictEqual([])
    expect([...stored.keys()].filter((name) => !expected.has(name))).toStrictEqual([])
    expect(await verifyLayout(folder)).toMatchObject({ problems: [] })

    await store.collect({ minAgeMs: 0, minIngestAgeMs: 0 })
    const left: unknown[] = []
    for await (const finding of store.verify()) left.push(finding)
    expect(left).toStrictEqual([])
  },
)
