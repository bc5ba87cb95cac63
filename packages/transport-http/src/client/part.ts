import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, mkdir, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import {
  errorNumber,
  formatOwner,
  ifExists,
  lifeOf,
  naming,
  parseOwner,
  STALE_MS,
  thisProcess,
} from '@crossdock/blob-files'
import { type PartHead, readPartHead, writePartHead } from './part-head.ts'

/*
 * A download under way is a folder `ID.OWNER.RANDOM`, one that waits for the next run `ID.kept`: `data` has the bytes, `head.json` says what they are
 * of. Renaming a folder to a name of one's own is how it is taken over: of several processes that try, one finds it. No lock is held.
 */

/** The bytes of a download so far, owned by this process alone. */
export interface Part {
  readonly handle: FileHandle
  /** Of what an interrupted run left. */
  readonly size: number
  /** What those are bytes of; undefined of a new part. */
  readonly head: PartHead | undefined
  note(head: PartHead): Promise<void>
  /** Leaves the bytes for the next run. */
  keep(): Promise<void>
  discard(): Promise<void>
  /** Gives the bytes, which are complete, their final name. */
  publish(target: string): Promise<void>
}

export interface TakePartOptions {
  /** The folder of all parts; made if it is missing. */
  readonly folder: string
  /** Which download it is, in characters that a file name can have. */
  readonly id: string
  /** Whether what was left is passed over. */
  readonly fresh: boolean
}

const NO_FOLLOW: number = constants.O_NOFOLLOW ?? 0
const PRIVATE_FOLDER = 0o700

/** Takes over what an interrupted run left, or begins with nothing. */
export async function takePart(options: TakePartOptions): Promise<Part> {
  const { folder, id, fresh } = options
  await naming('create the folder', folder, () => mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER }))
  const own = join(folder, `${id}.${formatOwner(thisProcess())}.${randomBytes(6).toString('hex')}`)
  for (const left of fresh ? [] : await leftParts(folder, id)) {
    if (await moved(left, own)) return (await openTaken(own, options)) ?? (await createPart(own, options))
  }
  return await createPart(own, options)
}

async function createPart(own: string, options: TakePartOptions): Promise<Part> {
  const handle = await naming('create', own, async () => {
    await mkdir(own, { mode: PRIVATE_FOLDER })
    return await open(join(own, 'data'), constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600)
  })
  return partOf({ own, handle, size: 0, head: undefined }, options)
}

/** Undefined, and gone, if nothing can be built on it. */
async function openTaken(own: string, options: TakePartOptions): Promise<Part | undefined> {
  const head = await readPartHead(own)
  const handle = head && (await ifExists(open(join(own, 'data'), constants.O_RDWR | NO_FOLLOW)).catch(() => undefined))
  const found = await handle?.stat()
  if (head !== undefined && handle !== undefined && found?.isFile() === true && found.size > 0) {
    return partOf({ own, handle, size: found.size, head }, options)
  }
  await handle?.close()
  await removeTree(own)
  return undefined
}

function partOf(
  { own, handle, size, head }: Pick<Part, 'handle' | 'size' | 'head'> & { readonly own: string },
  { folder, id }: TakePartOptions,
): Part {
  return {
    handle,
    size,
    head,
    note: (noted) => writePartHead(own, noted),
    async keep() {
      // What outlives this process may be looked at after a power cut.
      try {
        await naming('write', own, () => handle.sync())
      } finally {
        await handle.close()
      }
      if (!(await moved(own, join(folder, `${id}.kept`)))) await removeTree(own)
    },
    async discard() {
      await handle.close()
      await removeTree(own)
    },
    async publish(target) {
      await handle.close()
      try {
        await naming('write', target, () => rename(join(own, 'data'), target))
      } finally {
        await removeTree(own)
      }
    },
  }
}

/** False if it was not there, or something is in its place. */
async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (reason) {
    if (['ENOENT', 'ENOTEMPTY', 'EEXIST', 'EPERM', 'EACCES', 'ENOTDIR'].includes(errorNumber(reason) ?? ''))
      return false
    throw reason
  }
}

async function leftParts(folder: string, id: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(`${id}.`))
  const left: string[] = []
  for (const name of names) {
    const path = join(folder, name)
    if (name === `${id}.kept` || (await isAbandoned(name, path))) left.push(path)
  }
  return left
}

/**
 * Whether its process is gone, while the machine has run on: after a power cut some of the bytes may never have reached the disk, although the file is
 * as long as if they had.
 */
async function isAbandoned(name: string, path: string): Promise<boolean> {
  const owner = parseOwner(name.split('.')[1] ?? '')
  if (owner === undefined || owner.place !== thisProcess().place) return false
  const life = lifeOf(owner)
  if (life !== 'unknown') return life === 'dead'
  const found = await ifExists(lstat(join(path, 'data')))
  return found !== undefined && Date.now() - found.mtimeMs > STALE_MS
}

/** Removes parts that nobody came back for. */
export async function sweepParts(folder: string, olderThanMs: number): Promise<void> {
  for (const name of (await ifExists(readdir(folder))) ?? []) {
    const path = join(folder, name)
    const found = (await ifExists(lstat(join(path, 'data')))) ?? (await ifExists(lstat(path)))
    if (found !== undefined && Date.now() - found.mtimeMs > olderThanMs) await removeTree(path)
  }
}

async function removeTree(path: string): Promise<void> {
  await naming('remove', path, () => rm(path, { recursive: true, force: true }))
}
