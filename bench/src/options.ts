import { parseArgs } from 'node:util'
import { type ImageShape, imageShapes } from '@crossdock/test-images'
import { type ScenarioName, scenarioNames } from './scenarios.ts'

export interface BenchOptions {
  readonly images: readonly ImageShape[]
  readonly scenarios: readonly ScenarioName[]
  readonly tools: readonly string[] | undefined
  readonly runs: number
  /** Multiplies the images' sizes. */
  readonly scale: number
  readonly rttMs: number
  readonly bytesPerSecond: number
  readonly out: string | undefined
  readonly embedded: boolean
}

export const HELP = `pnpm bench [options]

Measures this project's command beside the peers that are in PATH (skopeo, crane, regctl, oras) and a floor, in one
interleaved run, and prints Markdown.

  --images LIST      of ${imageShapes.join(', ')} (default: tiny,multiarch,many,files,big)
  --scenarios LIST   of ${scenarioNames.join(', ')} (default: all)
  --tools LIST       only these, such as skopeo,crossdock (default: all that are there)
  --runs N           measured runs of each (default 3); one more before them is not counted
  --quick            small images, two runs: a minute
  --rtt MS           a round trip of so many milliseconds between tools and registries
  --bandwidth MB     so many megabytes a second for each connection and direction
  --scale X          multiply the images' sizes
  --embedded         the registry of this project even if docker-registry is there
  --out FILE         write the tables to a file too
`

/** Throws for what makes no sense; undefined if help was asked for. */
export function readOptions(argv: readonly string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      images: { type: 'string' },
      scenarios: { type: 'string' },
      tools: { type: 'string' },
      runs: { type: 'string' },
      quick: { type: 'boolean', default: false },
      rtt: { type: 'string', default: '0' },
      bandwidth: { type: 'string' },
      scale: { type: 'string', default: '1' },
      embedded: { type: 'boolean', default: false },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  const { quick } = values
  return {
    images: list(values.images ?? (quick ? 'tiny,many' : 'tiny,multiarch,many,files,big'), imageShapes),
    scenarios: list(values.scenarios ?? scenarioNames.join(','), scenarioNames),
    tools: values.tools?.split(','),
    runs: positive('--runs', values.runs ?? (quick ? '2' : '3')),
    scale: positive('--scale', values.scale),
    rttMs: values.rtt === '0' ? 0 : positive('--rtt', values.rtt),
    bytesPerSecond: values.bandwidth === undefined ? Infinity : positive('--bandwidth', values.bandwidth) * 1e6,
    out: values.out,
    embedded: values.embedded,
  }
}

function list<Name extends string>(text: string, known: readonly Name[]): readonly Name[] {
  return text.split(',').map((word) => {
    const name = known.find((candidate) => candidate === word)
    if (name === undefined) throw new Error(`"${word}" is none of ${known.join(', ')}`)
    return name
  })
}

function positive(flag: string, text: string): number {
  const value = Number(text)
  if (!(value > 0) || value === Infinity) throw new Error(`${flag} takes a number above 0, not "${text}"`)
  return value
}
