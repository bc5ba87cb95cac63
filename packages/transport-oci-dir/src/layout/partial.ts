import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, open, readdir, rename, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { digestAlgorithm, digestEncoded, isDigest, type Digest } from '@crossdock/core'
import { errorNumber, ifExists, naming } from '../errors.ts'
import { PRIVATE_MODE } from './files.ts'
import { formatOwner, lifeOf, parseOwner, STALE_MS, thisProcess } from './owner.ts'
import { blobPath, type BlobPaths } from './paths.ts'

/*
 * A blob that is being written is `ID.OWNER.RANDOM.partial`, one that waits for the next run `ID.kept`, where ID is the digest
 * with a hyphen for the colon, or `unnamed`. Renaming a file to a name of one's own is how it is taken over: of several
 * processes that try, one finds the file.
 */

/** A blob being written, owned by this process alone. */
export interface PartialFile {
  readonly path: string
  readonly handle: FileHandle
  /** Bytes that an interrupted run left; they have to be hashed before anything is built on them. */
  readonly size: number
  /** Leaves the bytes for the next run. */
  keep(): Promise<void>
  discard(): Promise<void>
  /** Moves the file, complete and verified, to its final name. */
  publish(target: string): Promise<void>
}

const NAME = /^(unnamed|sha256-[0-9a-f]{64}|sha512-[0-9a-f]{128})\.(?:(?<owner>[^.]+)\.[0-9a-f]+\.partial|kept)$/
const NO_FOLLOW: number = constants.O_NOFOLLOW ?? 0
const HEARTBEAT_MS = 30_000
/** What nobody came back for is removed after a week. */
const MAX_AGE_MS = 7 * 24 * 60 * 60 * 1000

/** Takes over what an interrupted run left of the blob, unless `fresh`, or begins a new file. */
export async function takePartial(
  blobs: BlobPaths,
  digest: Digest | undefined,
  { fresh }: { readonly fresh: boolean },
): Promise<PartialFile> {
  const id = idOf(digest)
  const path = join(blobs.partial, `${id}.${formatOwner(thisProcess())}.${randomBytes(6).toString('hex')}.partial`)
  const leftovers = digest === undefined ? [] : await abandoned(blobs, id)
  for (const leftover of leftovers) {
    if (fresh) await remove(leftover.path)
    else if (await moved(leftover.path, path)) return await openTaken(path, keptPath(blobs, id))
  }
  const handle = await naming('create', path, () => open(path, 'wx+', PRIVATE_MODE))
  return ownedFile({ path, handle, size: 0 }, keptPath(blobs, id))
}

/** How many bytes the next put of the blob can go on from, as far as can be told without hashing them. */
export async function partialSize(blobs: BlobPaths, digest: Digest): Promise<number> {
  const [largest] = await abandoned(blobs, idOf(digest))
  return largest?.size ?? 0
}

/** Removes what dead processes left and nobody can use: blobs without a name, blobs that are there by now, old ones. */
export async function sweepPartials(blobs: BlobPaths): Promise<void> {
  for (const leftover of await abandoned(blobs)) {
    const finished = leftover.digest !== undefined && (await exists(blobPath(blobs, leftover.digest)))
    if (leftover.digest === undefined || finished || leftover.ageMs > MAX_AGE_MS) await remove(leftover.path)
  }
}

interface Leftover {
  readonly path: string
  readonly digest: Digest | undefined
  readonly size: number
  readonly ageMs: number
}

/** Files of no living process, the largest first. */
async function abandoned(blobs: BlobPaths, id?: string): Promise<readonly Leftover[]> {
  const names = (await naming('read the folder', blobs.partial, () => ifExists(readdir(blobs.partial)))) ?? []
  const leftovers: Leftover[] = []
  for (const name of names) {
    const match = NAME.exec(name)
    if (match === null || (id !== undefined && match[1] !== id)) continue
    const path = join(blobs.partial, name)
    const found = await naming('look at', path, () => ifExists(lstat(path)))
    if (found === undefined || !found.isFile()) continue
    const ageMs = Date.now() - found.mtimeMs
    if (isAbandoned(match.groups?.['owner'], ageMs)) {
      leftovers.push({ path, digest: digestOfId(match[1]), size: found.size, ageMs })
    }
  }
  return leftovers.toSorted((one, other) => other.size - one.size)
}

function isAbandoned(owner: string | undefined, ageMs: number): boolean {
  if (owner === undefined) return true // kept for whoever comes
  const parsed = parseOwner(owner)
  const life = parsed === undefined ? 'unknown' : lifeOf(parsed)
  return life === 'dead' || (life === 'unknown' && ageMs > STALE_MS)
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
      if (size === 0 || (other !== undefined && other.size >= size)) await remove(path)
      else await naming('rename', path, () => rename(path, kept))
    },
    async discard() {
      await close()
      await remove(path)
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

async function remove(path: string): Promise<void> {
  await naming('remove', path, () => ifExists(unlink(path)))
}

async function exists(path: string): Promise<boolean> {
  return (await naming('look at', path, () => ifExists(lstat(path)))) !== undefined
}

function keptPath(blobs: BlobPaths, id: string): string {
  return join(blobs.partial, `${id}.kept`)
}

function idOf(digest: Digest | undefined): string {
  return digest === undefined ? 'unnamed' : `${digestAlgorithm(digest)}-${digestEncoded(digest)}`
}

function digestOfId(id: string | undefined): Digest | undefined {
  const text = id?.replace('-', ':')
  return isDigest(text) ? text : undefined
}
