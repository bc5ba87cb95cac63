import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, open, rename, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { Descriptor, Digest } from '@crossdock/core'
import { errorNumber, ifExists, naming } from './file-errors.ts'
import { createCoverage } from './coverage.ts'
import { openRegular, PRIVATE_MODE } from './files.ts'
import { idOf, keptName, type Leftover, type Leftovers, removeFile } from './leftovers.ts'
import { formatOwner, thisProcess } from './owner.ts'
import { readParts } from './part-journal.ts'
import type { BlobPaths } from './blob-paths.ts'

/** A blob being written, owned by this process alone. */
export interface PartialFile {
  readonly path: string
  readonly handle: FileHandle
  /** Of what an interrupted run left; it has to be hashed before anything is built on it. */
  readonly size: number
  /** Leaves the bytes for the next run. */
  keep(): Promise<void>
  discard(): Promise<void>
  /** Moves the file, complete and verified, to its final name. */
  publish(target: string): Promise<void>
}

const NO_FOLLOW: number = constants.O_NOFOLLOW ?? 0
const HEARTBEAT_MS = 30_000

export interface TakePartialOptions {
  /** Undefined for a blob whose digest is not known yet. */
  readonly digest: Digest | undefined
  readonly leftovers: Leftovers
  /** Whether what was left is removed and not used. */
  readonly fresh: boolean
}

/** Takes over what an interrupted run left of the blob, unless `fresh`, or begins a new file. */
export async function takePartial(blobs: BlobPaths, options: TakePartialOptions): Promise<PartialFile> {
  const { digest, leftovers, fresh } = options
  const random = randomBytes(6).toString('hex')
  const path = join(blobs.partial, `${idOf(digest)}.${formatOwner(thisProcess())}.${random}.partial`)
  const kept = join(blobs.partial, keptName(digest))
  for (const leftover of digest === undefined ? [] : await leftovers.of(digest)) {
    if (fresh) await removeFile(leftover.path)
    else if (await moved(leftover.path, path)) return await openTaken(path, kept)
  }
  const handle = await naming('create', path, () => open(path, 'wx+', PRIVATE_MODE))
  return ownedFile({ path, handle, size: 0 }, kept)
}

/** How many bytes the next put of the blob need not ask for, as far as can be told without hashing them. */
export async function partialSize(blob: Descriptor, leftovers: Leftovers): Promise<number> {
  const [largest] = await leftovers.of(blob.digest)
  if (largest === undefined) return 0
  return largest.size <= blob.size ? largest.size : await notedSize(largest, blob.size)
}

async function notedSize({ path, size: fileSize }: Leftover, blobSize: number): Promise<number> {
  const { handle } = await openRegular(path, 'a partial blob')
  try {
    const coverage = createCoverage(await naming('read', path, () => readParts({ handle, blobSize }, fileSize)))
    return coverage.gaps(blobSize).reduce((left, { from, to }) => left - (to - from), blobSize)
  } finally {
    await handle.close()
  }
}

async function openTaken(path: string, kept: string): Promise<PartialFile> {
  const handle = await naming('open', path, () => open(path, constants.O_RDWR | NO_FOLLOW))
  try {
    const { size } = await naming('look at', path, () => handle.stat())
    return ownedFile({ path, handle, size }, kept)
  } catch (reason) {
    await handle.close()
    throw reason
  }
}

function ownedFile(file: Pick<PartialFile, 'path' | 'handle' | 'size'>, kept: string): PartialFile {
  const { path, handle } = file
  const heartbeat = setInterval(() => {
    const now = new Date()
    handle.utimes(now, now).catch(() => undefined) // the next one may succeed
  }, HEARTBEAT_MS)
  heartbeat.unref()
  const close = async (): Promise<void> => {
    clearInterval(heartbeat)
    await handle.close()
  }
  return {
    ...file,
    async keep() {
      const { size } = await naming('look at', path, () => handle.stat())
      await close()
      const other = await naming('look at', kept, () => ifExists(lstat(kept)))
      if (size === 0 || (other !== undefined && other.size >= size)) await removeFile(path)
      else await naming('rename', path, () => rename(path, kept))
    },
    async discard() {
      await close()
      await removeFile(path)
    },
    async publish(target) {
      await close()
      await naming('rename a finished blob to', target, () => rename(path, target))
    },
  }
}

async function moved(from: string, to: string): Promise<boolean> {
  return await naming('rename', from, async () => {
    try {
      await rename(from, to)
      return true
    } catch (reason) {
      if (errorNumber(reason) === 'ENOENT') return false // somebody else took it
      throw reason
    }
  })
}
