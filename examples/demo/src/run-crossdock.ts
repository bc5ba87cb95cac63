import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Stage } from './stage.ts'

export interface CrossdockOptions {
  /** Interpreter and script. */
  readonly command: readonly string[]
  /** Where commands run, and what they keep beside their destinations. */
  readonly folder: string
  readonly stage: Stage
  readonly signal: AbortSignal
}

/** How a command ended: one of the two is null. */
export interface Ending {
  readonly exitCode: number | null
  readonly killedBy: NodeJS.Signals | null
}

/** The real command as a child process, shown as people would type it. */
export interface Crossdock {
  run(args: readonly string[]): Promise<Ending>
  /** Runs it and, as soon as `due` resolves, ends it by SIGKILL: it cannot put anything in order any more. */
  runAndKill(args: readonly string[], due: (signal: AbortSignal) => Promise<void>): Promise<Ending>
}

export function createCrossdock({ command, folder, stage, signal }: CrossdockOptions): Crossdock {
  const start = (args: readonly string[]): ChildProcess => {
    signal.throwIfAborted()
    stage.command(['crossdock', ...args].join(' '))
    const [interpreter = '', ...rest] = command
    const child = spawn(interpreter, [...rest, ...args], {
      cwd: folder,
      stdio: ['ignore', 'pipe', stage.terminal ? 'inherit' : 'pipe'],
      env: environment(folder),
      signal,
      killSignal: 'SIGKILL',
    })
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', (line) => stage.line(line))
    }
    return child
  }
  return {
    run: async (args) => ended(start(args), signal),
    runAndKill: async (args, due) => {
      const child = start(args)
      const over = new AbortController()
      const ending = ended(child, signal).finally(() => over.abort())
      await Promise.race([due(AbortSignal.any([signal, over.signal])).catch(() => {}), ending])
      child.kill('SIGKILL')
      const result = await ending
      // A killed command could not show the cursor again.
      if (stage.terminal) process.stderr.write('\u001B[?25h\n')
      return result
    },
  }
}

/** When its output has been read to the end. */
async function ended(child: ChildProcess, signal: AbortSignal): Promise<Ending> {
  try {
    return await new Promise((resolve, reject) => {
      child.on('close', (exitCode, killedBy) => resolve({ exitCode, killedBy }))
      child.on('error', reject)
    })
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}

/** Notes of open uploads and compiled code go with the folder; nobody's credentials take part. */
function environment(folder: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    XDG_CACHE_HOME: join(folder, 'cache'),
    LOCALAPPDATA: join(folder, 'cache'),
    NODE_COMPILE_CACHE: join(folder, 'compiled'),
    DOCKER_CONFIG: join(folder, 'docker'),
  }
}
