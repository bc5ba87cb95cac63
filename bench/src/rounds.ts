import type { Traffic } from './counting-proxy.ts'
import { measure, type Measurement } from './measure.ts'
import type { AttemptContext, Scenario } from './scenarios.ts'
import type { Site } from './site.ts'
import type { Operation, Tool } from './tools.ts'

/** What became of one tool in one scenario. */
export interface Series {
  readonly tool: Tool
  /** In the order of the rounds; a tool that failed has none. */
  readonly measurements: readonly Measurement[]
  readonly traffic: Traffic | undefined
  readonly failure: string | undefined
}

export interface RoundsOptions {
  readonly scenario: Scenario
  readonly context: Pick<AttemptContext, 'shape' | 'folder'>
  readonly tools: readonly Tool[]
  /** Measured rounds; one more comes before them. */
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
  const { scenario, tools, runs } = options
  const taking = tools.filter(({ name }) => name !== 'floor' || scenario.floor)
  const measured = new Map<Tool, Measurement[]>(taking.map((tool) => [tool, []]))
  const failures = new Map<Tool, string>()
  const guarded = async (tool: Tool, work: () => Promise<void>): Promise<void> => {
    if (failures.has(tool)) return
    await work().catch((error: unknown) => {
      options.signal.throwIfAborted()
      failures.set(tool, error instanceof Error ? error.message : String(error))
    })
  }
  for (let round = 0; round <= runs; round += 1) {
    for (let turn = 0; turn < taking.length; turn += 1) {
      const tool = taking[(turn + round) % taking.length]
      if (tool === undefined) continue
      await guarded(tool, async () => {
        const { measurement } = await runOnce(tool, options.timed, options)
        if (round > 0) measured.get(tool)?.push(measurement)
      })
    }
  }
  const traffics = new Map<Tool, Traffic>()
  for (const tool of taking) {
    await guarded(tool, async () => void traffics.set(tool, (await runOnce(tool, options.counted, options)).traffic))
  }
  return taking.map((tool) => ({
    tool,
    measurements: failures.has(tool) ? [] : (measured.get(tool) ?? []),
    traffic: traffics.get(tool),
    failure: failures.get(tool),
  }))
}

interface Run {
  readonly measurement: Measurement
  readonly traffic: Traffic
}

async function runOnce(tool: Tool, site: Site, options: RoundsOptions): Promise<Run> {
  const { scenario, context, env, signal } = options
  const run = async (operation: Operation): Promise<Measurement> => {
    const measurement = await measure(tool.command(operation), { env, signal })
    if (measurement.exitCode !== 0) {
      throw new Error(`exit code ${measurement.exitCode}: ${measurement.stderr.split('\n').at(-1) ?? ''}`)
    }
    return measurement
  }
  const prepare = async (operation: Operation): Promise<void> => void (await run(operation))
  await using attempt = await scenario.attempt({ ...context, site, tool: tool.name, prepare })
  const before = site.traffic()
  const measurement = await run(attempt.operation)
  const after = site.traffic()
  return {
    measurement,
    traffic: {
      requests: after.requests - before.requests,
      sent: after.sent - before.sent,
      received: after.received - before.received,
    },
  }
}
