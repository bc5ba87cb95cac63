import type { OperationOptions } from '@crossdock/core'
import type { Sql } from '../database/database.ts'
import { DEFAULT_NAMESPACE, type StoreContext } from '../store-context.ts'
import type { Needs } from './needs.ts'
import { imageKey } from './reference-graph.ts'
import type { ImageNode, LeaseNode, Snapshot } from './snapshot.ts'

/** Records that nothing keeps. */
export interface UnkeptRecords {
  readonly images: readonly ImageNode[]
  readonly leases: readonly LeaseNode[]
}

/**
 * Leases whose time is over. Images that nothing keeps: their time is over, or what they are attached to is not needed. What is needed has to
 * be found before.
 */
export function unkeptRecords({ images, leases }: Snapshot, needs: Pick<Needs, 'hasImage'>): UnkeptRecords {
  return {
    images: images.filter((image) => !needs.hasImage(image)),
    leases: leases.filter(({ isExpired }) => isExpired),
  }
}

/** Removes them, unless they have come to be kept, while nobody else changes `index.json`. What comes later is kept. */
export async function removeUnkept(
  { database, layout }: StoreContext,
  needs: Pick<Needs, 'hasImage' | 'snapshot' | 'update' | 'updateNow' | 'find' | 'keepAttached'>,
  options: OperationOptions = {},
): Promise<UnkeptRecords> {
  const planned = unkeptRecords(needs.snapshot, needs)
  if (planned.images.length + planned.leases.length === 0) return planned
  return await layout.exclusively(async (held) => {
    const index = await held.sync(options)
    await database.read((sql) => needs.update(sql, index), options)
    await needs.find(options)
    const { left, ...removed } = await database.write((sql) => {
      needs.updateNow(sql, index)
      const unkept = unkeptRecords(needs.snapshot, needs)
      removeRecords(sql, unkept)
      noteImages(sql, layout, unkept.images)
      const kept = needs.snapshot.images.filter((image) => needs.hasImage(image))
      return { ...unkept, left: new Set(kept.map((image) => imageKey(image))) }
    }, options)
    const after = await held.sync(options)
    await database.read((sql) => needs.update(sql, after), options)
    needs.keepAttached((image) => !left.has(imageKey(image)))
    return removed
  }, options)
}

function removeRecords(sql: Sql, { images, leases }: UnkeptRecords): void {
  for (const { namespace, id } of leases)
    sql.run('DELETE FROM lease WHERE namespace = $namespace AND id = $id', { namespace, id })
  for (const { namespace, name } of images)
    sql.run('DELETE FROM image WHERE namespace = $namespace AND name = $name', { namespace, name })
}

function noteImages(sql: Sql, layout: StoreContext['layout'], images: readonly ImageNode[]): void {
  const shown = images.filter(({ namespace }) => namespace === DEFAULT_NAMESPACE)
  layout.note(
    sql,
    shown.map(({ name }) => name),
  )
}
