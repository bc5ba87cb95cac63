import { randomBytes } from 'node:crypto'
import { lstat, mkdir, open, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import {
  acquireLock,
  errorNumber,
  formatOwner,
  ifExists,
  lifeOf,
  naming,
  parseOwner,
  readBounded,
  replaceFile,
  requirePlain,
  STALE_MS,
  thisProcess,
} from '@crossdock/blob-files'
import { ImageError, type OperationOptions } from '@crossdock/core'
import { createLimiter } from '@crossdock/streams'
import type { StorePaths } from '../store-paths.ts'

/**
 * Says that an ingest is this task's alone: a file `owner` in its folder. Who may write that file, a lock of all refs says that is held for
 * an instant. An owner that died has lost it, and one of another machine whose heartbeat stopped.
 */
export interface RefLock extends AsyncDisposable {
  /** It was taken from one whose heartbeat stopped, and who may go on: its files are not to be shared. */
  readonly isContested: boolean
  /** Throws `CONFLICT` if somebody took it over, because this process seemed dead. */
  assertHeld(): Promise<void>
}

export interface RefLocks {
  /** Makes the folder; undefined if another one has it. */
  take(folder: string, options?: OperationOptions): Promise<RefLock | undefined>
}

const HEARTBEAT_MS = 10_000
const GUARD_TIMEOUT_MS = 30_000
const MAX_OWNER_BYTES = 1024
const OWNER = 'owner'

export function createRefLocks(paths: StorePaths): RefLocks {
  const queue = createLimiter(1) // tasks of one process need not wait for each other by looking
  return {
    take: (folder, options) => queue.run(() => guarded(paths, () => take(paths, folder), options), options),
  }
}

/** Whether somebody has the ingest open: nobody, one who lives, or one of whom nothing was heard for long. */
export async function ownership(folder: string): Promise<'none' | 'owned' | 'stale'> {
  const path = join(folder, OWNER)
  const text = await readOwner(path)
  if (text === undefined) return 'none'
  const owner = parseOwner(text.split('\n')[0] ?? '')
  const life = owner === undefined ? 'unknown' : lifeOf(owner)
  if (life !== 'unknown') return life === 'alive' ? 'owned' : 'none'
  const found = await naming('look at', path, () => ifExists(lstat(path)))
  if (found === undefined) return 'none'
  return Date.now() - found.mtimeMs <= STALE_MS ? 'owned' : 'stale'
}

async function guarded<Value>(
  { refs, ingest }: Pick<StorePaths, 'refs' | 'ingest'>,
  work: () => Promise<Value>,
  options: OperationOptions = {},
): Promise<Value> {
  const lock = { ...options, timeoutMs: GUARD_TIMEOUT_MS, guarded: `who has what open in ${ingest}` }
  await using _ = await acquireLock(refs, lock)
  return await work()
}

async function take(paths: Pick<StorePaths, 'work'>, folder: string): Promise<RefLock | undefined> {
  for (;;) {
    await naming('create the folder', folder, () => createUnlessThere(folder))
    await requirePlain(folder, 'folder')
    const ownedBy = await ownership(folder)
    if (ownedBy === 'owned') return undefined
    const lock = await own(paths, folder, ownedBy === 'stale')
    if (lock !== undefined) return lock
    // It was removed by the one who had it, who was ready with it.
  }
}

async function createUnlessThere(folder: string): Promise<void> {
  try {
    await mkdir(folder)
  } catch (reason) {
    if (errorNumber(reason) !== 'EEXIST') throw reason
  }
}

async function own(
  { work }: Pick<StorePaths, 'work'>,
  folder: string,
  isContested: boolean,
): Promise<RefLock | undefined> {
  const path = join(folder, OWNER)
  const text = `${formatOwner(thisProcess())}\n${randomBytes(12).toString('hex')}\n`
  try {
    await replaceFile(path, { bytes: Buffer.from(text), work, durable: false })
  } catch (reason) {
    if (reason instanceof ImageError && errorNumber(reason.cause) === 'ENOENT') return undefined
    throw reason
  }
  const handle = await naming('open', path, () => ifExists(open(path, 'r+')))
  return handle && { isContested, ...holdLock(path, text, handle) }
}

function holdLock(path: string, text: string, handle: FileHandle): Omit<RefLock, 'isContested'> {
  const heartbeat = setInterval(() => {
    const now = new Date()
    handle.utimes(now, now).catch(() => undefined) // the next one may succeed
  }, HEARTBEAT_MS)
  heartbeat.unref()
  return {
    async assertHeld() {
      if ((await readOwner(path)) === text) return
      throw new ImageError(
        'CONFLICT',
        'another process went on with this ingest, since this one stood still; try again',
        {
          retryable: true,
        },
      )
    },
    async [Symbol.asyncDispose]() {
      clearInterval(heartbeat)
      await handle.close()
      if ((await readOwner(path)) === text) await naming('remove', path, () => ifExists(unlink(path)))
    },
  }
}

/** Undefined if there is none. */
async function readOwner(path: string): Promise<string | undefined> {
  try {
    return Buffer.from(
      await readBounded(path, { limitBytes: MAX_OWNER_BYTES, what: 'an owner of an ingest' }),
    ).toString()
  } catch (reason) {
    if (reason instanceof ImageError && reason.code === 'NOT_FOUND') return undefined
    if (reason instanceof ImageError && reason.code !== 'IO') return '' // something else: nobody that is known to be dead
    throw reason
  }
}
