import { lstat, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { digestAlgorithm, digestEncoded, isDigest, type Digest } from '@crossdock/core'
import { ifExists, naming } from './file-errors.ts'
import { lifeOf, parseOwner, STALE_MS } from './owner.ts'
import type { BlobPaths } from './blob-paths.ts'

/*
 * A blob that is being written is `ID.OWNER.RANDOM.partial`, one that waits for the next run `ID.kept`, where ID is the digest
 * with a hyphen for the colon, or `unnamed`. Renaming a file to a name of one's own is how it is taken over: of several
 * processes that try, one finds the file.
 */

/** A partial blob that no living process writes to. */
export interface Leftover {
  readonly path: string
  readonly digest: Digest | undefined
  /** Of the file, whatever it holds. */
  readonly size: number
  readonly ageMs: number
}

const NAME = /^(unnamed|sha256-[0-9a-f]{64}|sha512-[0-9a-f]{128})\.(?:(?<owner>[^.]+)\.[0-9a-f]+\.partial|kept)$/
/** What nobody came back for is removed after a week. */
const MAX_AGE_MS = 7 * 24 * 60 * 60 * 1000

/** What was left of blobs. */
export interface Leftovers {
  /** The largest first. */
  of(digest: Digest): Promise<readonly Leftover[]>
  /** Something may have been kept of the blob just now. */
  kept(digest: Digest): void
}

/** Looks into the folder once for all blobs of an image, and again for those of which something was kept since. */
export function createLeftovers(blobs: BlobPaths): Leftovers {
  let listed: Promise<ReadonlyMap<string, readonly string[]>> | undefined
  const keptSince = new Set<string>()
  return {
    kept: (digest) => void keptSince.add(keptName(digest)),
    async of(digest) {
      listed ??= listNames(blobs)
      const names = new Set((await listed).get(idOf(digest)))
      if (keptSince.has(keptName(digest))) names.add(keptName(digest))
      const found: Leftover[] = []
      for (const name of names) {
        const leftover = await lookAt(blobs, name)
        if (leftover !== undefined) found.push(leftover)
      }
      return found.toSorted((one, other) => other.size - one.size)
    },
  }
}

/** Removes what dead processes left and nobody can use: blobs without a name, blobs that are there by now, old ones. */
export async function sweepPartials(blobs: BlobPaths): Promise<void> {
  for (const name of [...(await listNames(blobs)).values()].flat()) {
    const leftover = await lookAt(blobs, name)
    if (leftover === undefined) continue
    const { path, digest, ageMs } = leftover
    const finished = digest !== undefined && (await exists(blobs.pathOf(digest)))
    if (digest === undefined || finished || ageMs > MAX_AGE_MS) await removeFile(path)
  }
}

/** The part of file names that says which blob it is. */
export function idOf(digest: Digest | undefined): string {
  return digest === undefined ? 'unnamed' : `${digestAlgorithm(digest)}-${digestEncoded(digest)}`
}

export function keptName(digest: Digest | undefined): string {
  return `${idOf(digest)}.kept`
}

export async function removeFile(path: string): Promise<void> {
  await naming('remove', path, () => ifExists(unlink(path)))
}

async function listNames(blobs: BlobPaths): Promise<ReadonlyMap<string, readonly string[]>> {
  const names = (await naming('read the folder', blobs.partial, () => ifExists(readdir(blobs.partial)))) ?? []
  return Map.groupBy(
    names.filter((name) => NAME.test(name)),
    (name) => NAME.exec(name)?.[1] ?? '',
  )
}

/** Undefined if it is gone or somebody else's. */
async function lookAt(blobs: BlobPaths, name: string): Promise<Leftover | undefined> {
  const path = join(blobs.partial, name)
  const [, id, owner] = NAME.exec(name) ?? []
  const found = await naming('look at', path, () => ifExists(lstat(path)))
  if (found === undefined || !found.isFile()) return undefined
  const ageMs = Date.now() - found.mtimeMs
  return isAbandoned(owner, ageMs) ? { path, digest: digestOfId(id), size: found.size, ageMs } : undefined
}

function isAbandoned(owner: string | undefined, ageMs: number): boolean {
  if (owner === undefined) return true // kept for whoever comes
  const parsed = parseOwner(owner)
  const life = parsed === undefined ? 'unknown' : lifeOf(parsed)
  return life === 'dead' || (life === 'unknown' && ageMs > STALE_MS)
}

async function exists(path: string): Promise<boolean> {
  return (await naming('look at', path, () => ifExists(lstat(path)))) !== undefined
}

function digestOfId(id: string | undefined): Digest | undefined {
  const text = id?.replace('-', ':')
  return isDigest(text) ? text : undefined
}
