import { manifestReader } from '@crossdock/blob-files'
import type { Descriptor, Digest, OperationOptions } from '@crossdock/core'
import { type LayoutIndex, manifestsBelow, withoutOrphans } from '@crossdock/formats'
import type { ImageRecord, NewImageRecord } from '../image-names.ts'
import { checkImage } from '../names/check-image.ts'
import { imageOf } from '../names/image-rows.ts'
import { deleteImage, putImage } from '../names/image-statements.ts'
import type { StoreContext } from '../store-context.ts'
import { attachedRecords, indexOfRecords, recordsNamed } from './attached.ts'
import type { Opened } from './opened.ts'

export interface NameChanges {
  readonly put?: readonly NewImageRecord[]
  readonly remove?: readonly string[]
}

/**
 * Changes names in one transaction, and with them what belongs to images that nothing leads to any more: their signatures and lists of
 * referrers. To be called while the layout is held, and followed by its `sync`.
 */
export async function changeNames(
  { context, paths }: Pick<Opened, 'context' | 'paths'>,
  { put = [], remove = [] }: NameChanges,
  operation?: OperationOptions,
): Promise<void> {
  const records = put.map((image) => checkImage(image))
  const orphans = await orphanedNames({ context, paths }, { put: records, remove }, operation)
  const gone = [...new Set([...remove, ...orphans])]
  await context.database.write((sql) => {
    for (const image of records) putImage(sql, context, image)
    for (const name of gone) deleteImage(sql, context, { name, target: undefined })
    context.projection.note(sql, [...records.map(({ name }) => name), ...gone])
  }, operation)
}

/** Names that belong to what the changes leave nothing to lead to. */
async function orphanedNames(
  { context, paths }: Pick<Opened, 'context' | 'paths'>,
  { put, remove }: Required<NameChanges>,
  operation?: OperationOptions,
): Promise<readonly string[]> {
  const targets = new Map(put.map(({ name, target }) => [name, target]))
  const changed = [...targets.keys(), ...remove]
  const before = await recordsNamed(context, changed, operation)
  const lost = before.filter(({ name, target }) => targets.get(name)?.digest !== target.digest)
  const read = manifestReader(paths.blobs)
  // Looking at everything is for those few that have something attached.
  const below = await manifestsBelow(read, lost.map(targetOf))
  if ((await attachedRecords(context, below, operation)).length === 0) return []
  const all = await allRecords(context, operation)
  const unchanged = all.filter(({ name }) => !changed.includes(name))
  const after = [...unchanged, ...put]
  const rest = await withoutOrphans(read, indexOfRecords(all), indexOfRecords(after))
  const kept = namesOf(rest)
  return unchanged.map(({ name }) => name).filter((name) => !kept.has(name))
}

type Named = Pick<ImageRecord, 'name' | 'target'>

function targetOf({ target }: Named): Descriptor {
  return target
}

function namesOf({ entries }: LayoutIndex): ReadonlySet<string | undefined> {
  return new Set(entries.map(({ name }) => name))
}

async function allRecords(
  { database, namespace }: StoreContext,
  operation?: OperationOptions,
): Promise<readonly ImageRecord[]> {
  const rows = await database.read(
    (sql) => sql.all('SELECT * FROM image WHERE namespace = $namespace', { namespace }),
    operation,
  )
  return rows.map((row) => imageOf(row))
}

/** Those names that stand for this manifest. */
export async function namesOfDigest(
  { database, namespace }: StoreContext,
  digest: Digest,
  operation?: OperationOptions,
): Promise<readonly string[]> {
  const rows = await database.read(
    (sql) => sql.all('SELECT * FROM image WHERE namespace = $namespace AND digest = $digest', { namespace, digest }),
    operation,
  )
  return rows.map((row) => imageOf(row).name)
}
