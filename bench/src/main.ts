import { appendFileSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { buildImages, type BuiltImage } from '@crossdock/test-images'
import { type BenchOptions, HELP, readOptions } from './options.ts'
import { startRegistry } from './registry.ts'
import { formatHead, formatScenario, type ImageSeries } from './report.ts'
import { type RoundsOptions, runRounds } from './rounds.ts'
import { scenarioOf } from './scenarios.ts'
import { fillSource } from './fill-source.ts'
import { openSite, type SiteOptions, temporaryFolder } from './site.ts'
import { crossdock, findInPath, findTools } from './tools.ts'

const cache = resolve(import.meta.dirname, '../../node_modules/.cache/crossdock-bench')

async function bench(options: BenchOptions, signal: AbortSignal): Promise<void> {
  const say = (text: string): void => {
    process.stdout.write(text)
    if (options.out !== undefined) appendFileSync(options.out, text)
  }
  if (options.out !== undefined) writeFileSync(options.out, '')
  process.stderr.write('building the images, or finding those of an earlier run\n')
  const images = await buildImages({ folder: cache, shapes: options.images, scale: options.scale, signal })
  await using folder = await temporaryFolder()
  const tools = findTools({ only: options.tools, folder: folder.path })
  await using stack = new AsyncDisposableStack()
  const binary = options.embedded ? undefined : findInPath('docker-registry')
  const registries = { binary, crossdock }
  const source = await startRegistry({ ...registries, folder: join(folder.path, 'source') })
  stack.defer(() => source.close())
  await fillSource(source.port, images)
  const site: Omit<SiteOptions, 'counting'> = { source, registries, folder: folder.path, ...options }
  const timed = stack.use(await openSite({ ...site, counting: false }))
  const counted = stack.use(await openSite({ ...site, counting: true }))
  const home = join(folder.path, 'home')
  await mkdir(home)
  say(formatHead(tools, conditions(options, binary)))
  const rounds = { tools, runs: options.runs, timed, counted, env: environment(home), signal }
  for (const name of options.scenarios) await runScenario(name, images, { ...rounds, say })
}

type ScenarioRun = Omit<RoundsOptions, 'scenario' | 'context'> & { readonly say: (text: string) => void }

async function runScenario(
  name: BenchOptions['scenarios'][number],
  images: readonly BuiltImage[],
  { say, ...rounds }: ScenarioRun,
): Promise<void> {
  const scenario = scenarioOf(name)
  const results: ImageSeries[] = []
  for (const { shape, folder } of scenario.images === 'all' ? images : images.slice(0, 1)) {
    process.stderr.write(`${scenario.title}: ${shape}\n`)
    results.push({ image: shape, series: await runRounds({ ...rounds, scenario, context: { shape, folder } }) })
  }
  say(formatScenario(scenario.title, results))
}

function conditions(
  { runs, rttMs, bytesPerSecond, scale }: BenchOptions,
  binary: string | undefined,
): readonly string[] {
  return [
    `registry: ${binary === undefined ? 'the one of this project' : 'docker-registry'}, on this machine`,
    `median (least..most) of ${runs} interleaved runs; ratios are of one round each`,
    ...(rttMs === 0 ? [] : [`${rttMs} ms round trip added`]),
    ...(bytesPerSecond === Infinity ? [] : [`${bytesPerSecond / 1e6} MB/s for each connection and direction`]),
    ...(scale === 1 ? [] : [`images scaled by ${scale}`]),
  ]
}

/** Nobody's credentials, caches or settings take part. */
function environment(home: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    TMPDIR: process.env['TMPDIR'],
    HOME: home,
    XDG_CACHE_HOME: join(home, 'cache'),
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_DATA_HOME: join(home, 'data'),
    XDG_STATE_HOME: join(home, 'state'),
    DOCKER_CONFIG: join(home, 'docker'),
  }
}

const controller = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => controller.abort(new Error(`interrupted by ${name}`)))
}
try {
  const options = readOptions(process.argv.slice(2))
  if (options === undefined) process.stdout.write(HELP)
  else await bench(options, controller.signal)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = controller.signal.aborted ? 130 : 1
}
