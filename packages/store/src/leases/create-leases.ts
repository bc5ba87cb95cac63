import { randomBytes } from 'node:crypto'
import { ImageError, quoteForeign, type OperationOptions } from '@crossdock/core'
import type { Sql, SqlRow } from '../database/database.ts'
import { dateOf, textOf } from '../database/rows.ts'
import { matchFilters, memberOf } from '../filters/match-filters.ts'
import { checkLabels } from '../labels.ts'
import type { CreateLeaseOptions, Lease, Leases } from '../leases.ts'
import { labelsOf } from '../names/image-rows.ts'
import type { StoreContext } from '../store-context.ts'
import { EXPIRE_LABEL, expiryOf, FLAT_LABEL } from './expiry.ts'
import { addResource, checkResource, noLease, removeResource, requireLease, resourcesOf } from './lease-resources.ts'

const DEFAULT_TTL_MS = 24 * 60 * 60 * 1000
const MAX_ID_CHARACTERS = 4096

/** The leases of one namespace. */
export function createLeases({ database, namespace, clock }: StoreContext): Leases {
  async function create(options: CreateLeaseOptions = {}): Promise<Lease> {
    const lease = newLease(options, clock.now())
    await database.write((sql) => {
      if (insert(sql, namespace, lease) === 0) throw leaseExists(lease.id)
    }, options)
    return lease
  }

  async function remove(id: string, options?: OperationOptions): Promise<void> {
    await database.write((sql) => {
      if (sql.run('DELETE FROM lease WHERE namespace = $namespace AND id = $id', { namespace, id }) === 0)
        throw noLease(id)
    }, options)
  }

  return {
    create,
    delete: remove,
    async list(filters = [], options) {
      const matches = matchFilters(filters, fieldOf)
      return (await database.read((sql) => leasesOf(sql, namespace), options)).filter(matches)
    },
    async add(id, resource) {
      const checked = checkResource(resource)
      await database.write((sql) => {
        requireLease(sql, namespace, id)
        addResource(sql, { namespace, lease: id }, checked)
      })
    },
    async remove(id, resource) {
      const checked = checkResource(resource)
      await database.write((sql) => {
        requireLease(sql, namespace, id)
        removeResource(sql, { namespace, lease: id }, checked)
      })
    },
    async resources(id) {
      return await database.read((sql) => {
        requireLease(sql, namespace, id)
        return resourcesOf(sql, { namespace, lease: id })
      })
    },
    async with(work, options) {
      const lease = await create(options)
      try {
        return await work(lease)
      } finally {
        // One that is gone already, or cannot be deleted now, must not hide how the work ended: it expires.
        await remove(lease.id).catch(() => undefined)
      }
    },
  }
}

function insert(sql: Sql, namespace: string, { id, labels, createdAt }: Lease): number {
  return sql.run(
    'INSERT INTO lease (namespace, id, labels, created_at) VALUES ($namespace, $id, $labels, $now) ON CONFLICT DO NOTHING',
    { namespace, id, labels: JSON.stringify(labels), now: createdAt.getTime() },
  )
}

/** All of a namespace, also those that have expired and were not collected yet. */
function leasesOf(sql: Sql, namespace: string): readonly Lease[] {
  return sql.all('SELECT * FROM lease WHERE namespace = $namespace ORDER BY id', { namespace }).map(leaseOf)
}

function newLease({ id, ttlMs, labels = {}, flat = false }: CreateLeaseOptions, now: number): Lease {
  const isExpirySaid = ttlMs === undefined && (labels[EXPIRE_LABEL] ?? '') !== ''
  const lasting = checkLabels({
    ...labels,
    ...(!isExpirySaid && { [EXPIRE_LABEL]: new Date(now + (ttlMs ?? DEFAULT_TTL_MS)).toISOString() }),
    ...(flat && { [FLAT_LABEL]: 'true' }),
  })
  return leaseWith({ id: id === undefined ? madeUpId(now) : checkId(id), labels: lasting, createdAt: new Date(now) })
}

function leaseOf(row: SqlRow): Lease {
  return leaseWith({ id: textOf(row, 'id'), labels: labelsOf(row), createdAt: dateOf(row, 'created_at') })
}

function leaseWith(lease: Pick<Lease, 'id' | 'labels' | 'createdAt'>): Lease {
  return { ...lease, expiresAt: expiryOf(lease.labels), flat: Object.hasOwn(lease.labels, FLAT_LABEL) }
}

function madeUpId(now: number): string {
  return `${now}-${randomBytes(9).toString('base64url')}`
}

function leaseExists(id: string): ImageError {
  return new ImageError('CONFLICT', `there is a lease "${quoteForeign(id, 100)}" already; choose another id`)
}

function checkId(id: string): string {
  if (id !== '' && id.length <= MAX_ID_CHARACTERS && id.isWellFormed()) return id
  throw new ImageError('INVALID_DATA', `a lease's id must be text of 1 to ${MAX_ID_CHARACTERS} characters`)
}

function fieldOf(lease: Lease, [first = '', ...rest]: readonly string[]): string | undefined {
  if (first === 'labels' && rest.length > 0) return memberOf(lease.labels, rest)
  return first === 'id' && rest.length === 0 ? lease.id : undefined
}
