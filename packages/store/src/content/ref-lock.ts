import { randomBytes } from 'node:crypto'
import { lstat, mkdir, open, readdir, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import {
  acquireLock,
  errorNumber,
  formatOwner,
  ifExists,
  lifeOf,
  naming,
  parseOwner,
  PRIVATE_MODE,
  requirePlain,
  STALE_MS,
  thisProcess,
} from '@crossdock/blob-files'
import { ImageError, type OperationOptions } from '@crossdock/core'
import { createLimiter } from '@crossdock/streams'
import type { StorePaths } from '../store-paths.ts'

/**
 * Says that an ingest is this task's alone: a file `owner.PID-START-PLACE.RANDOM` in its folder. All is in the name, so that a power cut leaves
 * nothing half. Who may make one, a lock of all refs says that is held for an instant. An owner that died has lost it, and one of another
 * machine whose heartbeat stopped.
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
const OWNER = /^owner\.([^.]+)\.[0-9a-f]+$/

export function createRefLocks(paths: StorePaths): RefLocks {
  const queue = createLimiter(1) // tasks of one process need not wait for each other by looking
  return {
    take: (folder, options) => queue.run(() => guarded(paths, () => take(folder), options), options),
  }
}

/** Who has the ingest open: nobody, somebody who lives, or somebody of whom nothing was heard for long. */
export async function ownership(folder: string): Promise<'none' | 'owned' | 'stale'> {
  let answer: 'none' | 'stale' = 'none'
  for (const name of await ownerNames(folder)) {
    const owner = parseOwner(OWNER.exec(name)?.[1] ?? '')
    const life = owner === undefined ? 'unknown' : lifeOf(owner)
    if (life === 'alive') return 'owned'
    if (life === 'dead') continue
    const path = join(folder, name)
    const found = await naming('look at', path, () => ifExists(lstat(path)))
    if (found === undefined) continue
    if (Date.now() - found.mtimeMs <= STALE_MS) return 'owned'
    answer = 'stale'
  }
  return answer
}

async function ownerNames(folder: string): Promise<readonly string[]> {
  const names = await naming('read the folder', folder, () => ifExists(readdir(folder)))
  return (names ?? []).filter((name) => OWNER.test(name))
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

async function take(folder: string): Promise<RefLock | undefined> {
  for (;;) {
    await naming('create the folder', folder, () => createUnlessThere(folder))
    await requirePlain(folder, 'folder')
    const earlier = await ownership(folder)
    if (earlier === 'owned') return undefined
    const lock = await own(folder, earlier === 'stale')
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

/** Undefined if the folder is gone. */
async function own(folder: string, isContested: boolean): Promise<RefLock | undefined> {
  const old = await ownerNames(folder)
  const name = `owner.${formatOwner(thisProcess())}.${randomBytes(6).toString('hex')}`
  const path = join(folder, name)
  const handle = await naming('create', path, () => ifExists(open(path, 'wx', PRIVATE_MODE)))
  if (handle === undefined) return undefined
  for (const other of old) await naming('remove', join(folder, other), () => ifExists(unlink(join(folder, other))))
  return { isContested, ...holdLock(path, handle) }
}

function holdLock(path: string, handle: FileHandle): Omit<RefLock, 'isContested'> {
  const heartbeat = setInterval(() => {
    const now = new Date()
    handle.utimes(now, now).catch(() => undefined) // the next one may succeed
  }, HEARTBEAT_MS)
  heartbeat.unref()
  return {
    async assertHeld() {
      if ((await naming('look at', path, () => ifExists(lstat(path)))) !== undefined) return
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
      await naming('remove', path, () => ifExists(unlink(path)))
    },
  }
}
