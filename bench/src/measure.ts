import { type ChildProcess, spawn } from 'node:child_process'
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
  /** What it wrote to stdout, if that was to be kept; else empty. */
  readonly stdout: string
}

export interface MeasureOptions {
  readonly env?: NodeJS.ProcessEnv | undefined
  readonly signal?: AbortSignal | undefined
  /** Default: dropped. */
  readonly stdout?: 'kept' | 'dropped' | undefined
}

/**
 * Runs a command in the background of a bash, whose `time` reads what wait4(2) says: milliseconds of processor time, free of what
 * Node needs to start a process. Wall time is bash's clock (from version 5 on in microseconds). fd 3 tells the process ID and the
 * times; the command's stderr goes to fd 4.
 */
const TIMED = `
exec 4>&2 2>&3
TIMEFORMAT='time %3R %3U %3S'
from="$EPOCHREALTIME"
time { "$@" 2>&4 3>&- 4>&- & echo "pid $!" >&3; wait "$!"; code=$?; to="$EPOCHREALTIME"; }
echo "clock $from $to" >&3
exit "$code"
`
const POLL_MS = 3
const STDERR_CHARACTERS = 2000
const STDOUT_CHARACTERS = 10_000_000

export async function measure(argv: readonly string[], options: MeasureOptions = {}): Promise<Measurement> {
  return process.platform === 'win32' ? measurePlainly(argv, options) : measureInBash(argv, options)
}

async function measureInBash(argv: readonly string[], options: MeasureOptions): Promise<Measurement> {
  const { env, signal, stdout = 'dropped' } = options
  signal?.throwIfAborted()
  const child = spawn('bash', ['-c', TIMED, 'bash', ...argv], {
    env,
    stdio: ['ignore', stdout === 'kept' ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    detached: true,
  })
  // A group of its own: the command goes with its bash.
  const stop = (): void => void (child.pid !== undefined && process.kill(-child.pid, 'SIGTERM'))
  signal?.addEventListener('abort', stop, { once: true })
  const texts = textsOf(child)
  const times = new Map<string, readonly string[]>()
  let memory: MemoryPoll | undefined
  createInterface({ input: child.stdio[3] as NodeJS.ReadableStream }).on('line', (line) => {
    const [key = '', ...values] = line.split(' ')
    if (key === 'pid') memory = pollMemory(Number(values[0]))
    times.set(key, values)
  })
  try {
    const [code] = (await once(child, 'close')) as [number | null]
    signal?.throwIfAborted()
    return { exitCode: code ?? -1, ...readTimes(times), peakBytes: memory?.peakBytes(), ...texts() }
  } finally {
    memory?.stop()
    signal?.removeEventListener('abort', stop)
  }
}

/** Of what bash said, line by line. */
export function readTimes(lines: ReadonlyMap<string, readonly string[]>): Pick<Measurement, 'wallS' | 'cpuS'> {
  const [wallS = Number.NaN, userS = Number.NaN, systemS = Number.NaN] = (lines.get('time') ?? []).map(Number)
  // Seconds with six digits after a point, which some languages write as a comma; empty in old versions.
  const [from = Number.NaN, to = Number.NaN] = (lines.get('clock') ?? []).map((text) => Number(text.replace(/\D/, '')))
  return { wallS: to > from ? (to - from) / 1e6 : wallS, cpuS: userS + systemS }
}

/** Without bash: wall time alone, with the cost of starting a process in it. */
async function measurePlainly(argv: readonly string[], options: MeasureOptions): Promise<Measurement> {
  const { env, signal, stdout = 'dropped' } = options
  const [command = '', ...rest] = argv
  const started = performance.now()
  const child = spawn(command, rest, {
    env,
    signal,
    stdio: ['ignore', stdout === 'kept' ? 'pipe' : 'ignore', 'pipe'],
  })
  const texts = textsOf(child)
  const [code] = (await once(child, 'close')) as [number | null]
  const wallS = (performance.now() - started) / 1000
  return { exitCode: code ?? -1, wallS, cpuS: undefined, peakBytes: undefined, ...texts() }
}

function textsOf(child: ChildProcess): () => Pick<Measurement, 'stdout' | 'stderr'> {
  const [stdout, stderr] = [tailOf(child.stdout, STDOUT_CHARACTERS), tailOf(child.stderr, STDERR_CHARACTERS)]
  return () => ({ stdout: stdout(), stderr: stderr() })
}

function tailOf(stream: NodeJS.ReadableStream | null, characters: number): () => string {
  let text = ''
  stream?.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-characters)
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
