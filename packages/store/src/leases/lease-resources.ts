import { ImageError, parseDigest, quoteForeign } from '@crossdock/core'
import type { Sql } from '../database/database.ts'
import { textOf } from '../database/rows.ts'
import type { LeaseResource } from '../leases.ts'
import type { StoreContext } from '../store-context.ts'

const ADD =
  'INSERT INTO lease_resource (namespace, lease, kind, id) VALUES ($namespace, $lease, $kind, $id) ON CONFLICT DO NOTHING'
const REMOVE =
  'DELETE FROM lease_resource WHERE namespace = $namespace AND lease = $lease AND kind = $kind AND id = $id'
const LIST = 'SELECT kind, id FROM lease_resource WHERE namespace = $namespace AND lease = $lease ORDER BY kind, id'

/**
 * In the transaction that brings something in: lets it join the lease of whoever does, if there is one. Throws `NOT_FOUND` if that lease
 * is gone.
 */
export function joinLease(
  sql: Sql,
  { namespace, lease }: Pick<StoreContext, 'namespace' | 'lease'>,
  resource?: LeaseResource,
): void {
  if (lease === undefined) return
  requireLease(sql, namespace, lease)
  if (resource !== undefined) addResource(sql, { namespace, lease }, resource)
}

/** A lease of a namespace, by its id. */
interface LeaseKey {
  readonly namespace: string
  readonly lease: string
}

export function addResource(sql: Sql, { namespace, lease }: LeaseKey, { kind, id }: LeaseResource): void {
  sql.run(ADD, { namespace, lease, kind, id })
}

export function removeResource(sql: Sql, { namespace, lease }: LeaseKey, { kind, id }: LeaseResource): void {
  sql.run(REMOVE, { namespace, lease, kind, id })
}

export function resourcesOf(sql: Sql, { namespace, lease }: LeaseKey): readonly LeaseResource[] {
  return sql.all(LIST, { namespace, lease }).map((row) => {
    const kind = textOf(row, 'kind')
    return { kind: kind === 'content' || kind === 'ingest' ? kind : 'image', id: textOf(row, 'id') }
  })
}

export function requireLease(sql: Sql, namespace: string, id: string): void {
  if (sql.get('SELECT 1 FROM lease WHERE namespace = $namespace AND id = $id', { namespace, id }) === undefined)
    throw noLease(id)
}

export function noLease(id: string): ImageError {
  return new ImageError(
    'NOT_FOUND',
    `there is no lease "${quoteForeign(id, 100)}"; it was deleted, or it expired and was collected`,
  )
}

/** Throws `INVALID_DATA` for content that is not named by digest, `UNSUPPORTED` for another kind. */
export function checkResource({ kind, id }: LeaseResource): LeaseResource {
  switch (kind) {
    case 'content':
      return { kind, id: parseDigest(id) }
    case 'ingest':
    case 'image':
      if (id === '') throw new ImageError('INVALID_DATA', `a lease cannot keep an ${kind} without a name`)
      return { kind, id }
    default:
      throw new ImageError(
        'UNSUPPORTED',
        `a lease keeps content, ingest and image, not "${quoteForeign(String(kind), 40)}"`,
      )
  }
}
