import { stat } from 'node:fs/promises'
import {
  acquireLock,
  ifExists,
  type Lock,
  manifestReader,
  naming,
  quotePath,
  replaceFile,
  requireBlobs,
  sweepPartials,
  syncFolder,
  syncFoldersOf,
  trimStamps,
} from '@crossdock/blob-files'
import { ImageError, type OperationOptions } from '@crossdock/core'
import {
  addReferrer,
  addSignatures,
  emptyLayoutIndex,
  layoutEntry,
  type LayoutIndex,
  nameAttached,
  putLayoutEntry,
  referrersBeside,
  serializeLayoutIndex,
  withoutOrphans,
} from '@crossdock/formats'
import type { Session } from './session.ts'
import { readIndex } from './layout.ts'
import { createStaging } from './staging.ts'

/**
 * Points the name at what was put, in one step, and keeps what others wrote to `index.json` meanwhile. Throws `CONFLICT` if the
 * lock does not become free in time, or if a blob that was there before was deleted meanwhile.
 */
export async function commitManifests(session: Session, operation: OperationOptions = {}): Promise<void> {
  const { paths, options, top, referrers, tags, signatures, selection } = session
  await using lock = await acquireLock(paths.work, {
    ...operation,
    timeoutMs: options.lockTimeoutMs,
    guarded: quotePath(paths.index),
  })
  await requireBlobs(paths.blobs, session.needed, quotePath(paths.root))
  const old = await readIndex(paths, options, { rewrite: true })
  const staging = createStaging(session)
  let index = old ?? emptyLayoutIndex(quotePath(paths.index))
  // Images come first: there are programs that take the first entry.
  if (top !== undefined) index = putLayoutEntry(index, layoutEntry(top, selection.name))
  const beside = await referrersBeside(top, referrers, manifestReader(paths.blobs))
  for (const referrer of beside) index = await addReferrer(staging, index, referrer)
  for (const [tag, descriptor] of tags) index = await nameAttached(staging, index, { tag, descriptor })
  for (const signed of signatures.values()) index = await addSignatures(staging, index, signed)
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

/** The names of all blobs outlive a power cut before `index.json` leads to them. */
async function syncBlobFolders({ paths, needed }: Session): Promise<void> {
  await syncFoldersOf(paths.blobs, needed)
  await syncFolder(paths.root)
}
