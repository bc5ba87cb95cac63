import { parseArgs } from 'node:util'
import { type ImageShape, imageShapes } from '@crossdock/test-images'
import { type BenchLink, createLink } from './links.ts'
import { ALL_LINKS, combine, QUICK, type Section, STANDARD } from './plan.ts'
import { scenarioNames } from './scenarios.ts'

export interface BenchOptions {
  readonly mode: 'measure' | 'profile' | 'check-link' | 'store' | 'help'
  readonly sections: readonly Section[]
  readonly tools: readonly string[] | undefined
  readonly runs: number
  /** Multiplies the images' sizes. */
  readonly scale: number
  /** Images in the stores that `--store` measures. */
  readonly storeSizes: readonly number[]
  /** What `--check-link` checks. */
  readonly link: BenchLink
  readonly embedded: boolean
  readonly goals: boolean
  /** Gets everything that is printed. */
  readonly out: string | undefined
  /** Gets the summary between its markers. */
  readonly into: string | undefined
}

const IMAGES: readonly ImageShape[] = ['tiny', 'multiarch', 'many', 'files', 'multi', 'big']
const EVERY_IMAGE: readonly ImageShape[] = [...IMAGES, 'incompressible']
const PROFILED_IMAGE: ImageShape = 'multi'

export const HELP = `pnpm bench [options]

Measures this project's command beside the peers that are in PATH (skopeo, crane, regctl, oras) and a floor, in interleaved
rounds, checks what each of them did, and prints Markdown. Without options it measures what the project has goals for, at all
distances, with three rounds: about half an hour.

What is measured:
  --quick            little of everything, two rounds: a minute
  --full             everything with every image at every distance: an hour or two
  --scenarios LIST   of ${scenarioNames.slice(0, 9).join(', ')},
                     ${scenarioNames.slice(9).join(', ')}
  --images LIST      of ${imageShapes.join(', ')}
  --tls              registries speak TLS, with a certificate made for the run
  --rtt MS           a round trip of so many milliseconds between tools and registries
  --bandwidth MB     so many megabytes a second for each connection and direction
Any of the last five measures the scenarios (default: all) with the images (default: ${IMAGES.join(',')})
at that one distance (default: none); --scenarios and --images narrow --full.

How:
  --tools LIST       only these, such as skopeo,crossdock (default: all that are there)
  --runs N           measured rounds (default 3); one more before them warms up, and its results are checked
  --scale X          multiply the images' sizes
  --embedded         the registry of this project even if docker-registry is there

What is printed:
  --goals            at the end, the goals of the project: figure, and whether it holds
  --out FILE         write everything to a file too
  --into FILE        replace the text between "<!-- bench:begin -->" and "<!-- bench:end -->" by the summary

Instead:
  --store            a store with 1,000 images and with 10,000, and how what is done with it grows; with --quick 100 and 1,000.
                     --into FILE replaces what is between "<!-- bench-store:begin -->" and "<!-- bench-store:end -->"
  --profile NAME     one run of this project's command in the scenario NAME under the sampling profiler of Node.js, with the
                     images (default: ${PROFILED_IMAGE}) at the one distance
  --check-link       measure with plain sockets what --rtt and --bandwidth make of a connection
`

const FLAGS = {
  images: { type: 'string' },
  scenarios: { type: 'string' },
  tools: { type: 'string' },
  runs: { type: 'string' },
  quick: { type: 'boolean', default: false },
  full: { type: 'boolean', default: false },
  tls: { type: 'boolean', default: false },
  rtt: { type: 'string' },
  bandwidth: { type: 'string' },
  scale: { type: 'string', default: '1' },
  embedded: { type: 'boolean', default: false },
  goals: { type: 'boolean', default: false },
  profile: { type: 'string' },
  store: { type: 'boolean', default: false },
  'check-link': { type: 'boolean', default: false },
  out: { type: 'string' },
  into: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const

type Flags = ReturnType<typeof parseFlags>

function parseFlags(argv: readonly string[]) {
  return parseArgs({ args: [...argv], options: FLAGS }).values
}

/** Throws for what makes no sense. */
export function readOptions(argv: readonly string[]): BenchOptions {
  const flags = parseFlags(argv)
  const { quick, goals, embedded, tools, out, into } = flags
  const scale = positive('--scale', flags.scale)
  if (goals && scale !== 1) throw new Error('--goals is about images of their own size, not about --scale')
  return {
    mode: modeOf(flags),
    sections: sectionsOf(flags),
    tools: tools?.split(','),
    runs: whole('--runs', flags.runs ?? (quick ? '2' : '3')),
    scale,
    storeSizes: quick ? [100, 1000] : [1000, 10_000],
    link: linkOf(flags),
    embedded,
    goals,
    out,
    into,
  }
}

function modeOf(flags: Flags): BenchOptions['mode'] {
  if (flags.help) return 'help'
  if (flags['check-link']) return 'check-link'
  if (flags.store) return 'store'
  return flags.profile === undefined ? 'measure' : 'profile'
}

function linkOf({ tls, rtt, bandwidth }: Flags): BenchLink {
  return createLink({
    tls,
    rttMs: rtt === undefined || rtt === '0' ? 0 : positive('--rtt', rtt),
    bytesPerSecond: bandwidth === undefined ? Infinity : positive('--bandwidth', bandwidth) * 1e6,
  })
}

/** A set as it is, or the combinations that were asked for. */
function sectionsOf(flags: Flags): readonly Section[] {
  const images = list('--images', flags.images ?? (flags.profile && PROFILED_IMAGE), imageShapes)
  const scenarios = list('--scenarios', flags.profile ?? flags.scenarios, scenarioNames) ?? scenarioNames
  switch (setOf(flags)) {
    case 'quick':
      return QUICK
    case 'standard':
      return STANDARD
    case 'full':
      return combine({ links: ALL_LINKS, images: images ?? EVERY_IMAGE, scenarios })
    default:
      return combine({ links: [linkOf(flags)], images: images ?? IMAGES, scenarios })
  }
}

function setOf(flags: Flags): 'quick' | 'standard' | 'full' | 'chosen' {
  const { quick, full } = flags
  const selected = [flags.images, flags.scenarios, flags.profile].some((flag) => flag !== undefined)
  const distant = hasDistance(flags)
  if (quick && (full || selected || distant)) throw new Error('--quick has scenarios, images and distances of its own')
  if (full && distant) throw new Error('--full has distances of its own')
  if (quick) return 'quick'
  if (full) return 'full'
  return selected || distant ? 'chosen' : 'standard'
}

function hasDistance({ tls, rtt, bandwidth }: Flags): boolean {
  return tls || rtt !== undefined || bandwidth !== undefined
}

function list<Name extends string>(
  flag: string,
  text: string | undefined,
  known: readonly Name[],
): readonly Name[] | undefined {
  return text?.split(',').map((word) => {
    const name = known.find((candidate) => candidate === word)
    if (name === undefined) throw new Error(`${flag}: "${word}" is none of ${known.join(', ')}`)
    return name
  })
}

function positive(flag: string, text: string): number {
  const value = Number(text)
  if (!(value > 0) || value === Infinity) throw new Error(`${flag} takes a number above 0, not "${text}"`)
  return value
}

function whole(flag: string, text: string): number {
  const value = positive(flag, text)
  if (!Number.isInteger(value)) throw new Error(`${flag} takes a whole number, not "${text}"`)
  return value
}
