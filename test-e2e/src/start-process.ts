import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'

export interface ProcessOptions {
  readonly cwd?: string | undefined
  /** The whole environment. Default: this process's. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** Whether something will be typed. Default: false, there is no input. */
  readonly keyboard?: boolean | undefined
  /** What ends it when nobody wants it any more. Default: SIGKILL, after which it cannot end its own children. */
  readonly endSignal?: NodeJS.Signals | undefined
}

export interface FinishedProcess {
  /** 128 + n if the signal n ended it, as shells count. */
  readonly exitCode: number
  readonly stdout: Buffer
  readonly stderr: string
}

export interface RunningProcess extends AsyncDisposable {
  readonly pid: number
  /** Never rejects once the process has started. */
  readonly finished: Promise<FinishedProcess>
  /** What it has said so far. */
  readonly output: { readonly stdout: string; readonly stderr: string }
  /** Resolves when the output matches. Rejects, with the output, if the process ends before. */
  untilOutput(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray>
  kill(signal: NodeJS.Signals): Promise<FinishedProcess>
  /** Writes to its input. */
  type(keys: string): void
  endInput(): void
}

const running = new Map<ChildProcess, NodeJS.Signals>()
process.once('exit', () => {
  for (const [child, signal] of running) child.kill(signal)
})

/** Starts a program without a shell. Disposing ends it, should it still run. */
export function startProcess(argv: readonly string[], options: ProcessOptions = {}): RunningProcess {
  const [program = '', ...rest] = argv
  const { keyboard = false, endSignal = 'SIGKILL', ...where } = options
  const child = spawn(program, rest, { ...where, stdio: [keyboard ? 'pipe' : 'ignore', 'pipe', 'pipe'] })
  running.set(child, endSignal)
  const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
  const text = (stream: 'stdout' | 'stderr'): string => Buffer.concat(chunks[stream]).toString('utf8')
  const finished = new Promise<FinishedProcess>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => chunks.stdout.push(chunk))
    child.stderr?.on('data', (chunk: Buffer) => chunks.stderr.push(chunk))
    child.once('error', reject)
    child.once('close', (code, signal) => {
      running.delete(child)
      const exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal])
      resolve({ exitCode, stdout: Buffer.concat(chunks.stdout), stderr: text('stderr') })
    })
  })
  const kill = (signal: NodeJS.Signals): Promise<FinishedProcess> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    return finished
  }
  return {
    pid: child.pid ?? 0,
    finished,
    output: {
      get stdout() {
        return text('stdout')
      },
      get stderr() {
        return text('stderr')
      },
    },
    untilOutput: (stream, pattern) => untilMatch(child, { stream, pattern, text }),
    kill,
    type: (keys) => void child.stdin?.write(keys),
    endInput: () => void child.stdin?.end(),
    [Symbol.asyncDispose]: async () => void (await kill(endSignal)),
  }
}

function untilMatch(
  child: ChildProcess,
  {
    stream,
    pattern,
    text,
  }: {
    readonly stream: 'stdout' | 'stderr'
    readonly pattern: RegExp
    readonly text: (stream: 'stdout' | 'stderr') => string
  },
): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      child[stream]?.off('data', look)
      child.off('close', fail)
    }
    const look = (): void => {
      const match = pattern.exec(text(stream))
      if (match === null) return
      stop()
      resolve(match)
    }
    const fail = (): void => {
      stop()
      reject(new Error(`the process ended without ${String(pattern)}:\n${text('stdout')}${text('stderr')}`))
    }
    child[stream]?.on('data', look)
    child.once('close', fail)
    if (child.exitCode !== null || child.signalCode !== null) fail()
    else look()
  })
}

/** Runs a program to its end, whatever that is. */
export function runProcess(argv: readonly string[], options: ProcessOptions = {}): Promise<FinishedProcess> {
  return startProcess(argv, options).finished
}
