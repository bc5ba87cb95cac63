import { randomUUID } from 'node:crypto'
import { open, readFile, rename, stat, unlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { ImageError, quoteForeign } from '@crossdock/core'
import { errorCode, ifExists } from './file-errors.ts'

export interface FileLockOptions {
  readonly signal?: AbortSignal | undefined
  /** How long another process is waited for, in milliseconds. Default: 10 000. */
  readonly timeoutMs?: number | undefined
}

/** It is held while a small file is read and written, and never longer. */
const STALE_MS = 5000

/**
 * Holds `PATH.lock` while `work` runs, so that of two processes that change the file neither undoes what the other did. What a process left
 * that was killed is removed. Throws `CONFLICT` if somebody else holds it for too long.
 */
export async function withFileLock<Value>(
  path: string,
  { signal, timeoutMs = 10_000 }: FileLockOptions,
  work: () => Promise<Value>,
): Promise<Value> {
  const lock = `${path}.lock`
  const mark = `${process.pid} ${hostname()} ${randomUUID()}\n`
  const began = performance.now()
  for (let pause = 2; !(await take(lock, mark)); pause = Math.min(pause * 2, 100)) {
    if (await isLeft(lock)) await removeLeft(lock)
    else if (performance.now() - began > timeoutMs) throw held(path, lock)
    else await delay(pause * (0.5 + Math.random()), undefined, { signal })
    signal?.throwIfAborted()
  }
  try {
    return await work()
  } finally {
    await release(lock, mark)
  }
}

/** Whoever was slow, and lost it, leaves the next one's alone. */
async function release(lock: string, mark: string): Promise<void> {
  if ((await ifExists(readFile(lock, 'utf8'))) === mark) await ifExists(unlink(lock))
}

async function take(lock: string, mark: string): Promise<boolean> {
  try {
    await using file = await open(lock, 'wx', 0o600)
    await file.writeFile(mark)
    return true
  } catch (error) {
    // Windows says EPERM of a file that is just being removed.
    if (errorCode(error) === 'EEXIST' || (process.platform === 'win32' && errorCode(error) === 'EPERM')) return false
    throw error
  }
}

/** Whether its process has ended, or has had it for longer than one does. */
async function isLeft(lock: string): Promise<boolean> {
  const found = await ifExists(stat(lock))
  if (found === undefined) return false
  if (Date.now() - found.mtimeMs > STALE_MS) return true
  const [pid, host] = ((await ifExists(readFile(lock, 'utf8'))) ?? '').trim().split(' ')
  return host === hostname() && pid !== undefined && !isAlive(Number(pid))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) !== 'ESRCH'
  }
}

/** By another name first: of several that see it one moves it away, and nobody a new one that has taken its place since. */
async function removeLeft(lock: string): Promise<void> {
  const seen = await ifExists(stat(lock))
  if (seen === undefined || !(await isLeft(lock))) return
  const away = `${lock}.${randomUUID()}`
  await ifExists(rename(lock, away))
  await ifExists(unlink(away))
}

function held(path: string, lock: string): ImageError {
  return new ImageError(
    'CONFLICT',
    `another process is writing ${quoteForeign(path)}; try again, or remove ${quoteForeign(lock)} if there is none`,
    { retryable: true },
  )
}
