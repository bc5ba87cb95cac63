import type { Digest, OperationOptions } from '@crossdock/core'
import { attachedNames, emptyLayoutIndex, layoutEntry, type LayoutIndex, withLayoutEntries } from '@crossdock/formats'
import type { ImageRecord } from '../image-names.ts'
import { imageOf } from '../names/image-rows.ts'
import type { StoreContext } from '../store-context.ts'

/**
 * What belongs to manifests without being reached by them: lists of referrers, signatures. They have the names that they have in every layout,
 * made of the manifest's digest, so that `oci:` finds them in the store's folder.
 */
export async function attachedRecords(
  context: Pick<StoreContext, 'database' | 'namespace'>,
  manifests: Iterable<Digest>,
  operation?: OperationOptions,
): Promise<readonly ImageRecord[]> {
  const names = [...manifests].flatMap(attachedNames)
  return await recordsNamed(context, names, operation)
}

/** Those of the names that are there. */
export async function recordsNamed(
  { database, namespace }: Pick<StoreContext, 'database' | 'namespace'>,
  names: readonly string[],
  operation?: OperationOptions,
): Promise<readonly ImageRecord[]> {
  const statement = `SELECT * FROM image WHERE namespace = $namespace AND name IN (SELECT value FROM json_each($names))`
  const values = { namespace, names: JSON.stringify(names) }
  const rows = await database.read((sql) => sql.all(statement, values), operation)
  return rows.map((row) => imageOf(row))
}

/** A layout's index that lists these records. */
export function indexOfRecords(records: readonly Pick<ImageRecord, 'name' | 'target'>[]): LayoutIndex {
  const entries = records.map(({ name, target }) => layoutEntry(target, name))
  return withLayoutEntries(emptyLayoutIndex('the store'), entries)
}
