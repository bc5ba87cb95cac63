import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import {
  acquireLock,
  createFolderOf,
  ifExists,
  type Lock,
  naming,
  quotePath,
  replaceFile,
  syncFolder,
  trimStamps,
} from '@crossdock/blob-files'
import { digestOf, ImageError, type Digest, type OperationOptions } from '@crossdock/core'
import {
  childrenHandler,
  documentReader,
  emptyLayoutIndex,
  formatReferrers,
  indexesOnly,
  layoutEntry,
  type LayoutIndex,
  listedReferrers,
  OCI_INDEX,
  putLayoutEntry,
  type Referrer,
  referrersTag,
  serializeLayoutIndex,
  walk,
} from '@crossdock/formats'
import { runAll } from '@crossdock/streams'
import type { Session } from './session.ts'
import { readIndex } from './layout.ts'
import { manifestReader } from './manifest-reader.ts'

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
  let index = old ?? emptyLayoutIndex(quotePath(paths.index))
  for (const referrer of await unlisted(session)) index = await addReferrer(session, index, referrer)
  if (session.top !== undefined) index = putLayoutEntry(index, layoutEntry(session.top, session.selection.name))
  if (options.durable) await syncBlobFolders(session)
  if (index !== old) await writeIndex(session, index, lock)
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

/** Adds a manifest to the list of its subject's referrers (distribution-spec, "Referrers Tag Schema"). */
async function addReferrer(
  session: Session,
  index: LayoutIndex,
  { subject, descriptor }: Referrer,
): Promise<LayoutIndex> {
  const { paths, options } = session
  const listed = await listedReferrers(index, manifestReader(paths.blobs), subject)
  if (listed.some(({ digest }) => digest === descriptor.digest)) return index
  const bytes = formatReferrers([...listed, descriptor])
  const digest = digestOf(bytes)
  await createFolderOf(paths.blobs, digest)
  await replaceFile(paths.blobs.pathOf(digest), { bytes, work: paths.blobs.work, durable: options.durable })
  return putLayoutEntry(
    index,
    layoutEntry({ mediaType: OCI_INDEX, digest, size: bytes.byteLength }, referrersTag(subject)),
  )
}

/** The names of all blobs outlive a power cut before `index.json` leads to them. */
async function syncBlobFolders({ paths, needed }: Session): Promise<void> {
  const folders = new Set([...needed].map((digest) => dirname(paths.blobs.pathOf(digest))))
  for (const folder of [...folders, paths.blobs.folder, paths.root]) await syncFolder(folder)
}
