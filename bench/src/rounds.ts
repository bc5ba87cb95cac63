import type { ImageSource } from './image-source.ts'
import type { Traffic } from './link/counting-proxy.ts'
import { measure, type Measurement } from './measure.ts'
import type { Operation } from './operation.ts'
import type { Scenario } from './scenarios.ts'
import type { Site } from './site.ts'
import type { Tool } from './tools.ts'
import { verifyOutcome } from './verify.ts'

/** Of a tool that was not made for what a scenario asks. */
export const NO_OPERATION = 'has no such operation'

/** What became of one tool in one scenario with one image. */
export interface Series {
  readonly tool: string
  /** In the order of the rounds; a tool that failed has none. */
  readonly measurements: readonly Measurement[]
  readonly traffic: Traffic | undefined
  /** Why there are no measurements, in words. */
  readonly problem: string | undefined
}

export interface RoundsOptions {
  readonly scenario: Scenario
  readonly image: ImageSource
  readonly tools: readonly Tool[]
  /** Measured rounds; one more comes before them, in which results are checked. */
  readonly runs: number
  readonly timed: Site
  readonly counted: Site
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

/**
 * Every tool once in each round, in turning order, so that what else the machine does meets all of them; then each once more
 * through a counter.
 */
export async function runRounds(options: RoundsOptions): Promise<readonly Series[]> {
  const { tools, runs, signal } = options
  const measured = new Map<Tool, Measurement[]>(tools.map((tool) => [tool, []]))
  const traffics = new Map<Tool, Traffic>()
  const problems = new Map<Tool, string>()
  const guarded = async (tool: Tool, work: () => Promise<void>): Promise<void> => {
    if (problems.has(tool)) return
    await work().catch((error: unknown) => {
      signal.throwIfAborted()
      problems.set(tool, error instanceof Error ? error.message : String(error))
    })
  }
  for (const order of turns(tools, runs + 1)) {
    for (const { tool, round } of order) {
      await guarded(tool, async () => {
        const { measurement } = await runOnce(tool, options.timed, { ...options, verify: round === 0 })
        if (round > 0) measured.get(tool)?.push(measurement)
      })
    }
  }
  for (const tool of tools) {
    await guarded(tool, async () => {
      traffics.set(tool, (await runOnce(tool, options.counted, { ...options, verify: false })).traffic)
    })
  }
  return tools.map((tool) => ({
    tool: tool.name,
    measurements: problems.has(tool) ? [] : (measured.get(tool) ?? []),
    traffic: traffics.get(tool),
    problem: problems.get(tool),
  }))
}

interface Turn<Item> {
  readonly tool: Item
  readonly round: number
}

/** Each round begins with the next tool, and every other one goes backwards: nobody always comes after the same one. */
export function turns<Item>(tools: readonly Item[], rounds: number): readonly (readonly Turn<Item>[])[] {
  return Array.from({ length: rounds }, (_, round) => {
    const start = round % Math.max(1, tools.length)
    const turned = [...tools.slice(start), ...tools.slice(0, start)]
    return (round % 2 === 0 ? turned : turned.toReversed()).map((tool) => ({ tool, round }))
  })
}

interface Run {
  readonly measurement: Measurement
  readonly traffic: Traffic
}

type RunOptions = RoundsOptions & { readonly verify: boolean }

async function runOnce(tool: Tool, site: Site, options: RunOptions): Promise<Run> {
  const { scenario, image, env, signal, verify } = options
  const run = async (operation: Operation): Promise<Measurement> => {
    const argv = tool.command(operation)
    if (argv === undefined) throw new Error(NO_OPERATION)
    const measurement = await measure(argv, { env, signal, stdout: verify ? 'kept' : 'dropped' })
    const { exitCode, stderr } = measurement
    if (exitCode !== 0) throw new Error(`failed with exit code ${exitCode}: ${stderr.split('\n').at(-1) ?? ''}`)
    return measurement
  }
  const prepare = async (operation: Operation): Promise<void> => void (await run(operation))
  await using attempt = await scenario.attempt({ site, image, tool: tool.name, prepare })
  const before = site.traffic()
  const measurement = await run(attempt.operation)
  const traffic = difference(site.traffic(), before)
  if (verify) await verifyOutcome(attempt.outcome, image, measurement.stdout)
  return { measurement, traffic }
}

function difference(after: Traffic, before: Traffic): Traffic {
  return {
    requests: after.requests - before.requests,
    sent: after.sent - before.sent,
    received: after.received - before.received,
    blobs: after.blobs - before.blobs,
  }
}
