import type { OperationOptions } from '@crossdock/core'
import type { Sql } from '../database/database.ts'
import { DEFAULT_NAMESPACE, type StoreContext } from '../store-context.ts'
import type { Needs } from './needs.ts'
import { type ImageNode, type LeaseNode, readSnapshot, type Snapshot } from './snapshot.ts'

/** Records whose time is over. */
export interface ExpiredRecords {
  readonly images: readonly ImageNode[]
  readonly leases: readonly LeaseNode[]
}

/** Leases whose time is over, and images whose time is over unless something else keeps them. */
export function expiredRecords({ images, leases }: Snapshot, needs: Pick<Needs, 'hasImage'>): ExpiredRecords {
  return {
    images: images.filter((image) => image.isExpired && !needs.hasImage(image)),
    leases: leases.filter(({ isExpired }) => isExpired),
  }
}

/** Removes them, unless they have got more time. */
export async function removeExpired(
  { database, layout, clock }: StoreContext,
  needs: Pick<Needs, 'hasImage'>,
  options: OperationOptions = {},
): Promise<ExpiredRecords> {
  const removed = await database.write((sql) => {
    const expired = expiredRecords(readSnapshot(sql, clock.now()), needs)
    for (const { namespace, id } of expired.leases)
      sql.run('DELETE FROM lease WHERE namespace = $namespace AND id = $id', { namespace, id })
    for (const { namespace, name } of expired.images)
      sql.run('DELETE FROM image WHERE namespace = $namespace AND name = $name', { namespace, name })
    noteImages(sql, layout, expired.images)
    return expired
  }, options)
  if (removed.images.length > 0) await layout.publish(options)
  return removed
}

function noteImages(sql: Sql, layout: StoreContext['layout'], images: readonly ImageNode[]): void {
  const shown = images.filter(({ namespace }) => namespace === DEFAULT_NAMESPACE)
  layout.note(
    sql,
    shown.map(({ name }) => name),
  )
}
