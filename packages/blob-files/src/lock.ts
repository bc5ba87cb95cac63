import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, link, lstat, open, readdir, unlink, type FileHandle } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { ImageError, quoteForeign, report, type OperationOptions } from '@crossdock/core'
import { delay } from '@crossdock/streams'
import { errorNumber, ifExists, naming, pathError, quotePath } from './file-errors.ts'
import { PRIVATE_MODE, publicMode, readBounded } from './files.ts'
import { formatOwner, lifeOf, parseOwner, thisProcess } from './owner.ts'

/**
 * A lock between processes, as files `lock.N` in a folder. Whoever creates the file with the highest number has the lock
 * until its first letters say `free`. The highest file is never removed, only followed by the next number, which one process
 * alone can create: a dead owner's lock cannot be taken over twice, however slow those are who saw it dead.
 */
export interface Lock extends AsyncDisposable {
  /** Throws `CONFLICT` if somebody took the lock over, because this process seemed dead. */
  assertHeld(): Promise<void>
}

export interface LockOptions extends OperationOptions {
  /** How long to wait for another owner, in milliseconds. */
  readonly timeoutMs: number
  /** What the lock guards, for messages. */
  readonly guarded: string
}

const FILE = /^lock\.([1-9][0-9]{0,14})$/
const HELD = 'held'
const FREE = 'free'
const HEARTBEAT_MS = 2000
/** An owner that cannot be looked up is taken for dead after so long without a heartbeat. */
const STALE_MS = 10_000
const NOTE_AFTER_MS = 2000
const MAX_LOCK_BYTES = 4096

/** The folder must exist. Throws `CONFLICT` naming the owner if it is not free in time; never waits for a dead one. */
export async function acquireLock(folder: string, options: LockOptions): Promise<Lock> {
  const began = performance.now()
  const heartbeats = watchHeartbeats()
  let noted = false
  for (let attempt = 0; ; attempt++) {
    options.signal?.throwIfAborted()
    const newest = await newestLock(folder)
    if (newest === undefined || newest.free || isDead(newest, heartbeats)) {
      const number = nextNumber(folder, newest)
      const lock = await naming('take the lock in', folder, () => claim(folder, number))
      if (lock !== undefined) return lock
      continue
    }
    const waited = performance.now() - began
    if (waited >= options.timeoutMs) throw timedOut(newest, folder, options)
    if (!noted && waited >= NOTE_AFTER_MS) {
      noted = true
      report(options, {
        type: 'note',
        level: 'info',
        message: `waiting for ${newest.holder}, which writes ${options.guarded}`,
      })
    }
    await delay((0.5 + Math.random()) * Math.min(2 ** attempt, 64), options.signal)
  }
}

interface SeenLock {
  readonly number: number
  readonly free: boolean
  /** For messages. */
  readonly holder: string
  readonly life: 'alive' | 'dead' | 'unknown'
  readonly heartbeat: string
}

/** Nobody gets that far by counting. */
function nextNumber(folder: string, newest: SeenLock | undefined): number {
  const number = (newest?.number ?? 0) + 1
  if (FILE.test(`lock.${number}`)) return number
  throw pathError('INVALID_DATA', join(folder, `lock.${newest?.number}`), 'has the highest number of all; remove it')
}

async function newestLock(folder: string): Promise<SeenLock | undefined> {
  const number = await naming('read the folder', folder, () => highestNumber(folder))
  if (number === 0) return undefined
  const path = join(folder, `lock.${number}`)
  const seen = await naming('look at', path, () => ifExists(lstat(path)))
  if (seen === undefined) return await newestLock(folder) // followed and removed just now
  const { free, life, holder } = describe(await readLock(path))
  return { number, free, life, holder, heartbeat: `${number} ${seen.mtimeMs} ${seen.size}` }
}

async function readLock(path: string): Promise<string> {
  try {
    return Buffer.from(await readBounded(path, { limitBytes: MAX_LOCK_BYTES, what: 'a lock file' })).toString('utf8')
  } catch (reason) {
    if (!(reason instanceof ImageError)) throw reason
    // Removed or changed in this instant: unknown, to be looked at again. What another user holds only its heartbeat tells.
    if (reason.code === 'NOT_FOUND' || reason.code === 'CONFLICT' || errorNumber(reason.cause) === 'EACCES') return ''
    throw reason
  }
}

function describe(text: string): Pick<SeenLock, 'free' | 'life' | 'holder'> {
  const [state, owner = '', host = '?', since = '?'] = text.split('\n')
  const parsed = parseOwner(owner)
  const holder = `process ${parsed?.pid ?? '?'} on ${quoteForeign(host, 100)} (since ${quoteForeign(since, 40)})`
  return { free: state === FREE, life: parsed === undefined ? 'unknown' : lifeOf(parsed), holder }
}

async function highestNumber(folder: string): Promise<number> {
  let highest = 0
  for (const name of await readdir(folder)) highest = Math.max(highest, Number(FILE.exec(name)?.[1] ?? 0))
  return highest
}

/** When a heartbeat was first seen, by this process's clock: another machine's may be wrong. */
function watchHeartbeats(): (heartbeat: string) => number {
  let last: { heartbeat: string; since: number } | undefined
  return (heartbeat) => {
    const now = performance.now()
    if (last?.heartbeat !== heartbeat) last = { heartbeat, since: now }
    return now - last.since
  }
}

function isDead(lock: SeenLock, heartbeats: (heartbeat: string) => number): boolean {
  return lock.life === 'dead' || (lock.life === 'unknown' && heartbeats(lock.heartbeat) > STALE_MS)
}

function timedOut(lock: SeenLock, folder: string, { timeoutMs, guarded }: LockOptions): ImageError {
  return new ImageError(
    'CONFLICT',
    `${lock.holder} has been writing ${guarded} for longer than ${timeoutMs} ms; try again, or, if that process is long gone, ` +
      `remove ${quotePath(join(folder, `lock.${lock.number}`))}`,
    { retryable: true },
  )
}

/** Takes the lock with this number; undefined if somebody else was faster. */
async function claim(folder: string, number: number): Promise<Lock | undefined> {
  const path = join(folder, `lock.${number}`)
  const handle = await createLockFile(folder, path)
  if (handle === undefined) return undefined
  const lock = holdLock(folder, number, handle)
  try {
    if ((await highestNumber(folder)) === number) {
      await removeLower(folder, number)
      return lock
    }
    await ifExists(unlink(path)) // higher ones exist: this number was history, and is again
  } catch (reason) {
    await lock[Symbol.asyncDispose]()
    throw reason
  }
  await lock[Symbol.asyncDispose]()
  return undefined
}

/** Creates the file with its content in one step; undefined if it exists. */
async function createLockFile(folder: string, path: string): Promise<FileHandle | undefined> {
  const owner = formatOwner(thisProcess())
  const temporary = join(folder, `claim.${owner}.${randomBytes(6).toString('hex')}`)
  const handle = await open(temporary, 'wx+', PRIVATE_MODE)
  try {
    await handle.write([HELD, owner, hostname(), new Date().toISOString(), ''].join('\n'))
    await link(temporary, path)
    return handle
  } catch (reason) {
    await handle.close()
    if (errorNumber(reason) === 'EEXIST') return undefined
    if (!NO_HARD_LINKS.has(errorNumber(reason) ?? '')) throw reason
    return await copyLockFile(temporary, path)
  } finally {
    await unlink(temporary)
  }
}

const NO_HARD_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EMLINK'])

/** Where there are no hard links, others may see the file half written, and then wait for its heartbeat. */
async function copyLockFile(temporary: string, path: string): Promise<FileHandle | undefined> {
  try {
    await copyFile(temporary, path, constants.COPYFILE_EXCL)
  } catch (reason) {
    if (errorNumber(reason) === 'EEXIST') return undefined
    throw reason
  }
  return await open(path, 'r+')
}

function holdLock(folder: string, number: number, handle: FileHandle): Lock {
  const heartbeat = setInterval(() => {
    const now = new Date()
    handle.utimes(now, now).catch(() => undefined) // the next one may succeed; assertHeld notices a lost lock
  }, HEARTBEAT_MS)
  heartbeat.unref()
  return {
    async assertHeld() {
      if ((await highestNumber(folder)) === number) return
      throw new ImageError(
        'CONFLICT',
        `lost the lock in ${quotePath(folder)}, since this process stood still; try again`,
        {
          retryable: true,
        },
      )
    },
    async [Symbol.asyncDispose]() {
      clearInterval(heartbeat)
      try {
        await handle.write(FREE, 0)
        // Other users have to see that it is free; where modes cannot be set they wait for its heartbeat to stop.
        await handle.chmod(publicMode()).catch(() => undefined)
      } finally {
        await handle.close()
      }
    },
  }
}

/** Removes the locks of earlier owners. */
async function removeLower(folder: string, number: number): Promise<void> {
  for (const name of await readdir(folder)) {
    if (Number(FILE.exec(name)?.[1] ?? number) < number) await ifExists(unlink(join(folder, name)))
  }
}
