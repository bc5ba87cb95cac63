import type * as ChildProcess from 'node:child_process'
import { ImageError, quoteForeign } from '@crossdock/core'

const childProcess = (): typeof ChildProcess => process.getBuiltinModule('node:child_process')

export interface GnupgProgram {
  /** Default: `gpg`, looked for in the folders of `PATH`. */
  readonly program?: string | undefined
  /** Where GnuPG keeps its keys. Default: what `GNUPGHOME` says, else its own default. */
  readonly home?: string | undefined
  /** Default: this process's. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** How long one call may take, a person who types a passphrase included. Default: 120 seconds. */
  readonly timeoutMs?: number | undefined
}

export interface GnupgCall {
  readonly args: readonly string[]
  readonly input?: Uint8Array | undefined
  /** Goes through a pipe of its own. */
  readonly passphrase?: string | undefined
  readonly signal?: AbortSignal | undefined
}

export interface GnupgAnswer {
  readonly exitCode: number | null
  readonly output: Buffer
  /** Lines of the status pipe, which nothing else writes to. */
  readonly status: readonly string[]
  /** For people; may quote what others wrote. */
  readonly errors: string
}

const DEFAULT_TIMEOUT_MS = 120_000
const MAX_OUTPUT_BYTES = 8 * 1024 * 1024
const STATUS_FD = 3
const PASSPHRASE_FD = 4

/**
 * Runs GnuPG, without a shell. Throws `UNSUPPORTED` if there is no such program, `UNAVAILABLE` after the time-out and `LIMIT_EXCEEDED` for too
 * much output; it is ended then, and on abort.
 */
export async function runGnupg(options: GnupgProgram, call: GnupgCall): Promise<GnupgAnswer> {
  const { program = 'gpg', timeoutMs = DEFAULT_TIMEOUT_MS } = options
  call.signal?.throwIfAborted()
  const child = start(program, { options, call })
  const { promise, resolve, reject } = Promise.withResolvers<GnupgAnswer>()
  let failure: { readonly reason: unknown } | undefined
  const end = (reason: unknown): void => {
    failure ??= { reason }
    child.kill('SIGKILL')
  }
  const onAbort = (): void => end(call.signal?.reason)
  const timer = setTimeout(() => end(tooSlow(program, timeoutMs)), timeoutMs)
  call.signal?.addEventListener('abort', onAbort, { once: true })
  const [output, errors, status] = [child.stdout, child.stderr, child.stdio[STATUS_FD]].map((stream) =>
    collect(stream, () =>
      end(new ImageError('LIMIT_EXCEEDED', `${quoteForeign(program)} says too much and was ended`)),
    ),
  )
  feed(child.stdin, call.input)
  feed(child.stdio[PASSPHRASE_FD], call.passphrase === undefined ? undefined : `${call.passphrase}\n`)
  child.on('error', (cause) => (failure ??= { reason: notRun(program, cause) }))
  child.on('close', (exitCode) => {
    if (failure !== undefined) return reject(failure.reason)
    const [lines, text] = [joined(status).toString('utf8'), joined(errors).toString('utf8')]
    resolve({ exitCode, output: joined(output), status: lines.split('\n'), errors: text })
  })
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    call.signal?.removeEventListener('abort', onAbort)
  }
}

function start(
  program: string,
  { options, call }: { readonly options: GnupgProgram; readonly call: GnupgCall },
): ChildProcess.ChildProcess {
  const { home, env = process.env } = options
  const common = ['--batch', '--no-tty', '--no-auto-key-retrieve', '--status-fd', String(STATUS_FD)]
  const secret = ['--pinentry-mode', 'loopback', '--passphrase-fd', String(PASSPHRASE_FD)]
  const args = [...common, ...(call.passphrase === undefined ? [] : secret), ...call.args]
  return childProcess().spawn(program, args, {
    env: { ...env, LC_ALL: 'C', ...(home !== undefined && { GNUPGHOME: home }) },
    stdio: ['pipe', 'pipe', 'pipe', 'pipe', call.passphrase === undefined ? 'ignore' : 'pipe'],
    shell: false,
    windowsHide: true,
  })
}

type Pipe = ChildProcess.ChildProcess['stdio'][number]

function feed(pipe: Pipe | undefined, text: Uint8Array | string | undefined): void {
  if (pipe === null || pipe === undefined || !('end' in pipe)) return
  // It may end without having read what it was given.
  pipe.on('error', () => undefined)
  if (text === undefined) pipe.end()
  else pipe.end(text)
}

function collect(pipe: Pipe | undefined, onTooMuch: () => void): readonly Buffer[] {
  const chunks: Buffer[] = []
  let size = 0
  pipe?.on('data', (chunk: Buffer) => {
    size += chunk.byteLength
    if (size <= MAX_OUTPUT_BYTES) chunks.push(chunk)
    else onTooMuch()
  })
  return chunks
}

function joined(chunks: readonly Buffer[] = []): Buffer {
  return Buffer.concat(chunks)
}

function tooSlow(program: string, timeoutMs: number): ImageError {
  const what = `${quoteForeign(program)} has not answered within ${timeoutMs / 1000} s and was ended`
  return new ImageError('UNAVAILABLE', `${what}; it may wait for a passphrase: give it in a file`, { retryable: false })
}

function notRun(program: string, cause: Error): ImageError {
  if ('code' in cause && cause.code === 'ENOENT') {
    const what = `GnuPG is needed for the keys that it keeps, and there is no program ${quoteForeign(program)}`
    return new ImageError('UNSUPPORTED', `${what}; install it, or sign with an exported secret key (--sign-key FILE)`)
  }
  return new ImageError('IO', `${quoteForeign(program)} cannot be run: ${quoteForeign(cause.message, 200)}`, { cause })
}
