import {
  manifestReader,
  quotePath,
  requireBlobs,
  sweepPartials,
  syncFolder,
  syncFoldersOf,
  trimStamps,
} from '@crossdock/blob-files'
import type { OperationOptions } from '@crossdock/core'
import { addReferrer, addSignatures, type LayoutIndex, referrersBeside, usableDescriptors } from '@crossdock/formats'
import type { NewImageRecord } from '../image-names.ts'
import { attachedRecords, indexOfRecords } from './attached.ts'
import { changeNames } from './change-names.ts'
import type { Session } from './session.ts'
import { createStaging } from './staging.ts'

/**
 * Lets the name stand for what was put, with all that belongs to it, in one transaction. Throws `CONFLICT` if a blob that was there before was
 * removed meanwhile, or if the layout does not become free in time.
 */
export async function commitImage(session: Session, operation: OperationOptions = {}): Promise<void> {
  const { context, location, paths, top, tags } = session
  if (context.durable) await syncBlobFolders(session)
  await context.layout.exclusively(async (layout) => {
    await layout.sync(operation)
    await requireBlobs(paths.blobs, session.needed, `the store ${quotePath(paths.folder)}`)
    const put: NewImageRecord[] = []
    // Images come first: there are programs that take the first entry.
    if (top !== undefined && location.name !== undefined) put.push({ name: location.name, target: top })
    for (const [name, target] of tags) put.push({ name, target })
    put.push(...(await attach(session, operation)))
    await changeNames(session, { put }, operation)
    await layout.sync(operation)
  }, operation)
  await sweepPartials(paths.blobs)
  await trimStamps(paths.blobs)
}

/** Writes lists of referrers and signatures; what their names shall stand for. */
async function attach(session: Session, operation: OperationOptions): Promise<readonly NewImageRecord[]> {
  const { context, paths, signatures, top } = session
  const referrers = await referrersBeside(top, session.referrers, manifestReader(paths.blobs))
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

/** The names of all blobs outlive a power cut before a name leads to them. */
async function syncBlobFolders({ paths, needed }: Session): Promise<void> {
  await syncFoldersOf(paths.blobs, needed)
  await syncFolder(paths.folder)
}
