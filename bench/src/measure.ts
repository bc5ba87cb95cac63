import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

export interface Measurement {
  readonly exitCode: number
  readonly wallS: number
  /** User and system time of the command and what it waited for; undefined where there is no bash. */
  readonly cpuS: number | undefined
  /** Largest resident size; undefined where there is no /proc. */
  readonly peakBytes: number | undefined
  /** The end of what it wrote to stderr. */
  readonly stderr: string
}

export interface MeasureOptions {
  readonly env?: NodeJS.ProcessEnv | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs a command in the background of a bash, whose `time` reads what wait4(2) says: milliseconds, free of what Node needs to
 * start a process. fd 3 tells the process ID and the times; the command's stdout is dropped, its stderr goes to fd 4.
 */
const TIMED = `
exec 4>&2 2>&3
TIMEFORMAT='time %3R %3U %3S'
time { "$@" >/dev/null 2>&4 3>&- 4>&- & echo "pid $!" >&3; wait "$!"; code=$?; }
exit "$code"
`
const POLL_MS = 3
const STDERR_CHARACTERS = 2000

export async function measure(argv: readonly string[], options: MeasureOptions = {}): Promise<Measurement> {
  return process.platform === 'win32' ? measurePlainly(argv, options) : measureInBash(argv, options)
}

async function measureInBash(argv: readonly string[], { env, signal }: MeasureOptions): Promise<Measurement> {
  signal?.throwIfAborted()
  const child = spawn('bash', ['-c', TIMED, 'bash', ...argv], {
    env,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    detached: true,
  })
  // A group of its own: the command goes with its bash.
  const stop = (): void => void (child.pid !== undefined && process.kill(-child.pid, 'SIGTERM'))
  signal?.addEventListener('abort', stop, { once: true })
  const stderr = tailOf(child.stderr)
  const control = child.stdio[3] as NodeJS.ReadableStream // 'pipe' above
  let times: readonly number[] = []
  let memory: MemoryPoll | undefined
  createInterface({ input: control }).on('line', (line) => {
    const [key, ...values] = line.split(' ')
    if (key === 'pid') memory = pollMemory(Number(values[0]))
    else if (key === 'time') times = values.map(Number)
  })
  try {
    const [code] = (await once(child, 'close')) as [number | null]
    signal?.throwIfAborted()
    const [wallS = Number.NaN, userS = 0, systemS = 0] = times
    return { exitCode: code ?? -1, wallS, cpuS: userS + systemS, peakBytes: memory?.peakBytes(), stderr: stderr() }
  } finally {
    memory?.stop()
    signal?.removeEventListener('abort', stop)
  }
}

/** Without bash: wall time alone, with the cost of starting a process in it. */
async function measurePlainly(argv: readonly string[], { env, signal }: MeasureOptions): Promise<Measurement> {
  const [command = '', ...rest] = argv
  const started = performance.now()
  const child = spawn(command, rest, { env, signal, stdio: ['ignore', 'ignore', 'pipe'] })
  const stderr = tailOf(child.stderr)
  const [code] = (await once(child, 'close')) as [number | null]
  const wallS = (performance.now() - started) / 1000
  return { exitCode: code ?? -1, wallS, cpuS: undefined, peakBytes: undefined, stderr: stderr() }
}

function tailOf(stream: NodeJS.ReadableStream | null): () => string {
  let text = ''
  stream?.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-STDERR_CHARACTERS)
  })
  return () => text.trim()
}

interface MemoryPoll {
  peakBytes(): number | undefined
  stop(): void
}

/** The kernel keeps the high-water mark; what a process gains in its last milliseconds is missed. */
function pollMemory(pid: number): MemoryPoll {
  let peak: number | undefined
  const look = (): void => {
    try {
      const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
      if (match !== null) peak = Number(match[1]) * 1024
    } catch {
      clearInterval(timer) // It has ended, or there is no /proc.
    }
  }
  const timer = setInterval(look, POLL_MS)
  look()
  return { peakBytes: () => peak, stop: () => clearInterval(timer) }
}
