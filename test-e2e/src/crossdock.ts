import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FinishedProcess, type ProcessOptions, type RunningProcess, startProcess } from './start-process.ts'

export const repositoryRoot: string = join(import.meta.dirname, '../..')
/** The command as it was built here, or the one that CROSSDOCK_BIN names: an installed one, for example. */
const script = process.env['CROSSDOCK_BIN'] ?? join(repositoryRoot, 'packages/cli/bin/crossdock.js')
const bundle = join(script, '../../dist/bundle/main.js')
const RUN_ALL = join(import.meta.dirname, '../test/children/run-all.ts')

/** What a process holds between two calls of the command. */
export interface Holdings {
  readonly residentBytes: number
  /** 0 where the system does not tell. */
  readonly openFiles: number
  readonly sockets: number
  /** That keep the process from ending. */
  readonly timers: number
}

type Outcome = Holdings & { readonly exitCode: number }

/** The built command with a home of its own. */
export interface Crossdock {
  /** The beginning of its command line. */
  readonly argv: readonly string[]
  /** HOME and what belongs to it. */
  readonly env: Readonly<Record<string, string>>
  /** Where it puts temporary files. */
  readonly temporary: string
  start(args: readonly string[], options?: ProcessOptions): RunningProcess
  /** Runs it, and throws should it crash. */
  run(args: readonly string[], options?: ProcessOptions): Promise<FinishedProcess>
  /** Runs it and throws, with what it said, unless it ends with 0. */
  done(args: readonly string[], options?: ProcessOptions): Promise<FinishedProcess>
  /** Runs it several times, one after the other in one process, and throws unless all end with 0. */
  doneInOneProcess(calls: readonly (readonly string[])[]): Promise<readonly Holdings[]>
}

/** Gives the built command a home in a folder; nothing of the person's own settings reaches it. `more` is for its environment. */
export async function createCrossdock(home: string, more: Readonly<Record<string, string>> = {}): Promise<Crossdock> {
  if (!existsSync(bundle)) {
    throw new Error(`${script} is not built: run \`pnpm build\` first`)
  }
  const temporary = join(home, 'tmp')
  await mkdir(temporary, { recursive: true })
  const argv = [process.execPath, script]
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    CROSSDOCK_CONFIG_ROOT: home,
    XDG_CACHE_HOME: join(home, 'cache'),
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_DATA_HOME: join(home, 'data'),
    XDG_RUNTIME_DIR: join(home, 'run'),
    TMPDIR: temporary,
    // Compiled code is the same for every home.
    NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'),
    ...more,
  }
  const start = (args: readonly string[], options: ProcessOptions = {}): RunningProcess =>
    startProcess([...argv, ...args], { cwd: home, ...options, env: { ...env, ...options.env } })
  return {
    argv,
    env,
    temporary,
    start,
    run: async (args, options) => withoutCrash(await start(args, options).finished),
    done: async (args, options) => {
      const finished = withoutCrash(await start(args, options).finished)
      if (finished.exitCode === 0) return finished
      throw new Error(`crossdock ${args.join(' ')} ended with ${finished.exitCode}:\n${finished.stderr}`)
    },
    doneInOneProcess: async (calls) => {
      const child = startProcess([process.execPath, RUN_ALL, bundle], { cwd: home, env, keyboard: true })
      child.type(JSON.stringify(calls))
      child.endInput()
      const finished = await child.finished
      const lastLine = finished.stdout.toString().split('\n').at(-1) ?? ''
      const outcomes = (finished.exitCode === 0 ? JSON.parse(lastLine) : []) as Outcome[]
      const codes = outcomes.map(({ exitCode }) => exitCode)
      if (codes.length === calls.length && codes.every((code) => code === 0)) return outcomes
      throw new Error(`of several calls not all ended with 0 (${codes.join()}):\n${finished.stderr}`)
    },
  }
}

/** An error that nobody awaited is a defect, whatever the exit code and whatever the test looks at. */
function withoutCrash(finished: FinishedProcess): FinishedProcess {
  if (!/crossdock: internal error|^Node\.js v\d/m.test(finished.stderr)) return finished
  throw new Error(`the command crashed:\n${finished.stderr}`)
}
