import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ifExists, naming, quotePath, sweepPartials, syncFolder, trimStamps } from '@crossdock/blob-files'
import { type Digest, ImageError, type OperationOptions } from '@crossdock/core'
import {
  addReferrer,
  addSignatures,
  childrenHandler,
  documentReader,
  indexesOnly,
  type LayoutIndex,
  type Referrer,
  usableDescriptors,
  walk,
} from '@crossdock/formats'
import { runAll } from '@crossdock/streams'
import type { NewImageRecord } from '../image-names.ts'
import { attachedRecords, indexOfRecords } from './attached.ts'
import { changeNames } from './change-names.ts'
import { manifestReader } from './readers.ts'
import type { Session } from './session.ts'
import { createStaging } from './staging.ts'

/**
 * Lets the name stand for what was put, with all that belongs to it, in one transaction. Throws `CONFLICT` if a blob that was there before was
 * removed meanwhile, or if the layout does not become free in time.
 */
export async function commitImage(session: Session, operation: OperationOptions = {}): Promise<void> {
  const { context, location, top, tags } = session
  if (context.durable) await syncBlobFolders(session)
  await context.layout.exclusively(async (layout) => {
    await layout.sync(operation)
    await checkNeeded(session)
    const put: NewImageRecord[] = []
    // Images come first: there are programs that take the first entry.
    if (top !== undefined && location.name !== undefined) put.push({ name: location.name, target: top })
    for (const [name, target] of tags) put.push({ name, target })
    put.push(...(await attach(session, operation)))
    await changeNames(session, { put }, operation)
    await layout.sync(operation)
  }, operation)
  await sweepPartials(session.paths.blobs)
  await trimStamps(session.paths.blobs)
}

/** Writes lists of referrers and signatures; what their names shall stand for. */
async function attach(session: Session, operation: OperationOptions): Promise<readonly NewImageRecord[]> {
  const { context, signatures } = session
  const referrers = await unlisted(session)
  if (referrers.length === 0 && signatures.size === 0) return []
  const subjects = new Set([...referrers.map(({ subject }) => subject), ...signatures.keys()])
  const before = indexOfRecords(await attachedRecords(context, subjects, operation))
  const staging = createStaging(session)
  let index = before
  for (const referrer of referrers) index = await addReferrer(staging, index, referrer)
  for (const signed of signatures.values()) index = await addSignatures(staging, index, signed)
  await staging.write(index, operation)
  if (context.durable) await syncBlobFolders(session)
  return changedEntries(before, index)
}

function changedEntries(before: LayoutIndex, after: LayoutIndex): readonly NewImageRecord[] {
  const targets = new Map(usableDescriptors(after).map((target) => [target.digest as string, target]))
  return after.entries
    .filter((entry) => !before.entries.includes(entry))
    .flatMap(({ name, digest }) => {
      const target = targets.get(digest ?? '')
      return name === undefined || target === undefined ? [] : [{ name, target }]
    })
}

const LOOKS_AT_ONCE = 16

/** What was found before may have been collected since. */
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
    `the store ${quotePath(paths.folder)} lost ${missing.join(', ')} while it was written to; try again`,
    { retryable: true, missing },
  )
}

/** Referrers that nothing would lead to: those inside the image that is committed need no list. */
async function unlisted({ paths, top, referrers }: Session): Promise<readonly Referrer[]> {
  if (top === undefined || referrers.length === 0) return referrers
  const inside = new Set<Digest>()
  const read = documentReader(manifestReader(paths), { passOver: 'missing' })
  for await (const { digest } of walk([top], childrenHandler(indexesOnly(read)))) inside.add(digest)
  inside.delete(top.digest)
  return referrers.filter(({ descriptor }) => !inside.has(descriptor.digest))
}

/** The names of all blobs outlive a power cut before a name leads to them. */
async function syncBlobFolders({ paths, needed }: Session): Promise<void> {
  const folders = new Set([...needed].map((digest) => dirname(paths.blobs.pathOf(digest))))
  for (const folder of [...folders, paths.blobs.folder, paths.folder]) await syncFolder(folder)
}
