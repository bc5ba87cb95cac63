import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import {
  acquireLock,
  ifExists,
  type Lock,
  naming,
  quotePath,
  replaceFile,
  syncFolder,
  sweepPartials,
  trimStamps,
} from '@crossdock/blob-files'
import { ImageError, type Digest, type OperationOptions } from '@crossdock/core'
import {
  addReferrer,
  addSignatures,
  childrenHandler,
  documentReader,
  emptyLayoutIndex,
  indexesOnly,
  layoutEntry,
  type LayoutIndex,
  nameAttached,
  putLayoutEntry,
  type Referrer,
  serializeLayoutIndex,
  walk,
  withoutOrphans,
} from '@crossdock/formats'
import { runAll } from '@crossdock/streams'
import type { Session } from './session.ts'
import { readIndex } from './layout.ts'
import { manifestReader } from './manifest-reader.ts'
import { createStaging } from './staging.ts'

/**
 * Points the name at what was put, in one step, and keeps what others wrote to `index.json` meanwhile. Throws `CONFLICT` if the
 * lock does not become free in time, or if a blob that was there before was deleted meanwhile.
 */
export async function commitManifests(session: Session, operation: OperationOptions = {}): Promise<void> {
  const { paths, options } = session
  await using lock = await acquireLock(paths.work, {
    ...operation,
    timeoutMs: options.lockTimeoutMs,
    guarded: quotePath(paths.index),
  })
  await checkNeeded(session)
  const old = await readIndex(paths, options, { rewrite: true })
  const staging = createStaging(session)
  let index = old ?? emptyLayoutIndex(quotePath(paths.index))
  // Images come first: there are programs that take the first entry.
  if (session.top !== undefined) index = putLayoutEntry(index, layoutEntry(session.top, session.selection.name))
  for (const referrer of await unlisted(session)) index = await addReferrer(staging, index, referrer)
  for (const [tag, descriptor] of session.tags) index = await nameAttached(staging, index, { tag, descriptor })
  for (const signed of session.signatures.values()) index = await addSignatures(staging, index, signed)
  if (old !== undefined) index = await withoutOrphans(staging.read, old, index)
  await staging.write(index)
  if (options.durable) await syncBlobFolders(session)
  if (index !== old) await writeIndex(session, index, lock)
  await sweepPartials(paths.blobs)
  await trimStamps(paths.blobs)
}

/** Writes `index.json` under the lock. */
export async function writeIndex(
  { paths, options }: Pick<Session, 'paths' | 'options'>,
  index: LayoutIndex,
  lock: Lock,
): Promise<void> {
  const bytes = serializeLayoutIndex(index)
  if (bytes.byteLength > options.maxIndexBytes) {
    throw new ImageError(
      'LIMIT_EXCEEDED',
      `${quotePath(paths.index)} would become larger than ${options.maxIndexBytes} bytes`,
    )
  }
  const found = await naming('look at', paths.index, () => ifExists(stat(paths.index)))
  await replaceFile(paths.index, {
    bytes,
    work: paths.work,
    durable: options.durable,
    mode: found === undefined ? undefined : found.mode & 0o777,
    beforeRename: () => lock.assertHeld(),
  })
}

const LOOKS_AT_ONCE = 16

/** What was found before may have been deleted since; deleting takes the same lock. */
async function checkNeeded({ paths, needed }: Session): Promise<void> {
  const missing: Digest[] = []
  const look = async (digest: Digest): Promise<void> => {
    const path = paths.blobs.pathOf(digest)
    if ((await naming('look at', path, () => ifExists(stat(path)))) === undefined) missing.push(digest)
  }
  await runAll(needed, look, { concurrency: LOOKS_AT_ONCE })
  if (missing.length === 0) return
  throw new ImageError(
    'CONFLICT',
    `${quotePath(paths.root)} lost ${missing.join(', ')} while it was written to; try again`,
    {
      retryable: true,
      missing,
    },
  )
}

/**
 * Referrers that nothing would lead to. Those inside the image that is committed need no entry in `index.json` beside it: a
 * layout of one image stays one that can be read without giving a name.
 */
async function unlisted({ paths, top, referrers }: Session): Promise<readonly Referrer[]> {
  if (top === undefined || referrers.length === 0) return referrers
  const inside = new Set<Digest>()
  const read = documentReader(manifestReader(paths.blobs), { passOver: 'missing' })
  for await (const { digest } of walk([top], childrenHandler(indexesOnly(read)))) inside.add(digest)
  inside.delete(top.digest)
  return referrers.filter(({ descriptor }) => !inside.has(descriptor.digest))
}

/** The names of all blobs outlive a power cut before `index.json` leads to them. */
async function syncBlobFolders({ paths, needed }: Session): Promise<void> {
  const folders = new Set([...needed].map((digest) => dirname(paths.blobs.pathOf(digest))))
  for (const folder of [...folders, paths.blobs.folder, paths.root]) await syncFolder(folder)
}
