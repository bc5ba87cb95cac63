import { spawn, type ChildProcess } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/** So that children do not compile the same sources again and again. */
const NODE_COMPILE_CACHE = join(tmpdir(), 'crossdock-test-compile-cache')

/** The scripts are TypeScript with `await using`, which Node.js runs as it is from 24 on. */
export const CHILDREN_RUN: boolean = Number.parseInt(process.versions.node, 10) >= 24

export interface EndedChild {
  readonly code: number | null
  readonly signal: string | null
  readonly output: string
}

export interface RunningChild {
  readonly process: ChildProcess
  readonly ended: Promise<EndedChild>
}

/** Starts a script in a process of its own, which does not outlive the test. */
export function startChild(script: URL, args: readonly string[], wrap: readonly string[] = []): RunningChild {
  const [command = '', ...rest] = [
    ...wrap,
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    fileURLToPath(script),
    ...args,
  ]
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NODE_COMPILE_CACHE } })
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
  const { promise, resolve, reject } = Promise.withResolvers<EndedChild>()
  child.once('error', reject)
  child.once('close', (code, signal) => resolve({ code, signal, output }))
  return { process: child, ended: promise }
}

/** Runs a script to its end and expects success. */
export async function runChild(script: URL, args: readonly string[]): Promise<string> {
  const { code, signal, output } = await startChild(script, args).ended
  if (code !== 0) throw new Error(`${script.pathname} ended with ${code ?? signal}: ${output}`)
  return output
}
