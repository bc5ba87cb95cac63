import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImageSource } from './image-source.ts'
import { measure } from './measure.ts'
import type { Operation } from './operation.ts'
import type { Scenario } from './scenarios.ts'
import type { Site } from './site.ts'
import { OURS, type Tool } from './tools.ts'

export interface ProfileOptions {
  readonly scenario: Scenario
  readonly image: ImageSource
  readonly site: Site
  readonly tool: Tool
  /** Where the profiles go: one file for each thread. */
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

const INTERVAL_US = 200

/** Runs this project's command once to warm up and once with `--cpu-prof`; returns where the profiles are. */
export async function profile(options: ProfileOptions): Promise<readonly string[]> {
  const { scenario, image, site, tool, folder, env, signal } = options
  await mkdir(folder, { recursive: true })
  const run = async (operation: Operation, flags: readonly string[] = []): Promise<void> => {
    const [node = '', ...rest] = tool.command(operation) ?? []
    const { exitCode, stderr } = await measure([node, ...flags, ...rest], { env, signal })
    if (exitCode !== 0) throw new Error(`${OURS} failed with exit code ${exitCode}: ${stderr}`)
  }
  const flags = ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${INTERVAL_US}`]
  for (const given of [[], flags]) {
    await using attempt = await scenario.attempt({ site, image, tool: OURS, prepare: run })
    await run(attempt.operation, given)
  }
  return (await readdir(folder)).map((name) => join(folder, name))
}

/** What V8 writes. Times are microseconds. */
export interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

interface CallFrame {
  readonly functionName: string
  readonly url: string
  readonly lineNumber: number
}

export async function readProfile(path: string): Promise<CpuProfile> {
  return JSON.parse(await readFile(path, 'utf8')) as CpuProfile
}

export interface SelfTime {
  /** Function, file and line. */
  readonly where: string
  readonly ms: number
}

/** The functions that the time was spent in, without what they called; most first. */
export function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): readonly SelfTime[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  const times = new Map<string, number>()
  for (const [at, id] of samples.entries()) {
    const name = names.get(id) ?? ''
    times.set(name, (times.get(name) ?? 0) + (timeDeltas[at] ?? 0) / 1000)
  }
  return [...times].map(([where, ms]) => ({ where, ms })).toSorted((a, b) => b.ms - a.ms)
}

function nameOf({ functionName, url, lineNumber }: CallFrame): string {
  const file = url.split('/').at(-1) ?? ''
  const name = functionName === '' ? '(anonymous)' : functionName
  return file === '' ? name : `${name} ${file}:${lineNumber + 1}`
}
