import type { ChildProcess } from 'node:child_process'
import { ImageError, quoteForeign } from '@crossdock/core'

export interface HelperCall {
  /** The program's path. */
  readonly path: string
  /** What to do: `get`, `store`, `erase`, `list`. */
  readonly verb: string
  readonly input: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

export interface HelperAnswer {
  readonly succeeded: boolean
  /** Secret. */
  readonly output: Buffer
}

/** No helper says more. */
const MAX_ANSWER_BYTES = 64 * 1024
/** How long the output of a helper that has ended is waited for, should something that it started hold it open. */
const LAST_WORDS_MS = 500
/** Where a process can be the head of a group, which is ended together. */
const HAS_GROUPS = process.platform !== 'win32'

/**
 * Runs a credential helper: without a shell, what it needs to know on its stdin, its stderr unseen, since it may hold secrets. Throws
 * `UNAUTHENTICATED` if it cannot be run or takes too long, `LIMIT_EXCEEDED` if it says too much; it is ended then, with what it started.
 */
export async function callHelper(call: HelperCall): Promise<HelperAnswer> {
  call.signal?.throwIfAborted()
  // Most calls of a program never need it.
  const { spawn } = await import('node:child_process')
  const child = spawn(call.path, [call.verb], {
    env: { ...call.env },
    stdio: ['pipe', 'pipe', 'ignore'],
    shell: false,
    detached: HAS_GROUPS,
    windowsHide: true,
  })
  const { promise, resolve, reject } = Promise.withResolvers<HelperAnswer>()
  let failure: { readonly reason: unknown } | undefined
  const end = (reason: unknown): void => {
    failure ??= { reason }
    endGroup(child)
    child.stdout.destroy()
  }
  const onAbort = (): void => end(call.signal?.reason)
  const timer = setTimeout(() => end(tooSlow(call)), call.timeoutMs)
  let lastWords: NodeJS.Timeout | undefined
  call.signal?.addEventListener('abort', onAbort, { once: true })
  const output = collect(child, () => end(tooMuch(call)))
  // It may end without having read what it was told.
  child.stdin.on('error', () => undefined)
  child.stdin.end(call.input)
  child.on('error', (cause) => (failure ??= { reason: notRun(call, cause) }))
  child.on('exit', () => (lastWords = setTimeout(() => child.stdout.destroy(), LAST_WORDS_MS)))
  child.on('close', (code) => {
    if (failure === undefined) resolve({ succeeded: code === 0, output: Buffer.concat(output) })
    else reject(failure.reason)
  })
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    clearTimeout(lastWords)
    call.signal?.removeEventListener('abort', onAbort)
  }
}

function collect({ stdout }: ChildProcess, onTooMuch: () => void): readonly Buffer[] {
  const chunks: Buffer[] = []
  let size = 0
  stdout?.on('data', (chunk: Buffer) => {
    size += chunk.byteLength
    if (size <= MAX_ANSWER_BYTES) chunks.push(chunk)
    else onTooMuch()
  })
  return chunks
}

function endGroup(child: ChildProcess): void {
  try {
    if (HAS_GROUPS && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    else child.kill('SIGKILL')
  } catch {
    // It has ended already.
  }
}

function tooSlow({ path, verb, timeoutMs }: HelperCall): ImageError {
  const what = `${quoteForeign(path)} ${verb} has not answered within ${timeoutMs / 1000} s and was ended`
  return new ImageError('UNAUTHENTICATED', `${what}; see what it waits for by running it, or log in without it`)
}

function tooMuch({ path, verb }: HelperCall): ImageError {
  const what = `${quoteForeign(path)} ${verb} answers with more than ${MAX_ANSWER_BYTES} bytes`
  return new ImageError('LIMIT_EXCEEDED', `${what} and was ended; it is no credential helper, or is broken`)
}

/** `cause` tells path and arguments, which are no secrets. */
function notRun({ path }: HelperCall, cause: Error): ImageError {
  const reason = quoteForeign(cause.message, 200)
  return new ImageError('UNAUTHENTICATED', `${quoteForeign(path)} cannot be run: ${reason}; install it anew`, { cause })
}
