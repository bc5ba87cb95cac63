import { type Descriptor, type Digest, ImageError, shortDigest } from '@crossdock/core'
import type { ContentInfo } from '../contents.ts'
import type { Sql, SqlRow } from '../database/database.ts'
import { dateOf, digestOf, integerOf } from '../database/rows.ts'
import { checkLabels, type Labels } from '../labels.ts'
import { joinLease } from '../leases/lease-resources.ts'
import { labelsOf } from '../names/image-rows.ts'
import { DEFAULT_NAMESPACE, type StoreContext } from '../store-context.ts'

/** Who looks, and when. */
export type ContentView = Pick<StoreContext, 'namespace' | 'lease' | 'clock'>

/** What the database says of a blob, to one namespace. Whether there is one, its file alone says. */
export type ContentKnowledge =
  | { readonly kind: 'recorded'; readonly record: ContentInfo }
  | { readonly kind: 'forgotten' | 'unrecorded' }

/** Whether this namespace sees the blob, if its file is there. What other programs bring is seen by the one that `index.json` shows. */
export function isVisible({ kind }: ContentKnowledge, { namespace }: Pick<ContentView, 'namespace'>): boolean {
  return kind === 'recorded' || (kind === 'unrecorded' && namespace === DEFAULT_NAMESPACE)
}

export function findContent(sql: Sql, digest: Digest, { namespace }: Pick<ContentView, 'namespace'>): ContentKnowledge {
  const row = sql.get('SELECT * FROM content WHERE namespace = $namespace AND digest = $digest', { namespace, digest })
  if (row === undefined) return { kind: 'unrecorded' }
  return integerOf(row, 'forgotten') === 0 ? { kind: 'recorded', record: recordOf(row) } : { kind: 'forgotten' }
}

export interface RecordContentOptions {
  /** Added to those that it has. */
  readonly labels?: Labels | undefined
  /** When it came; taken if this is the first record. Default: now. */
  readonly createdAt?: Date | undefined
}

/**
 * In a transaction that brings blobs in: notes the blob, and lets it join the lease. To be done before its file gets its name, and before
 * a file that is there is relied on: from then on no collection removes it. Throws `NOT_FOUND` if the lease is gone, `INVALID_DATA` for
 * labels that are none.
 */
export function recordContent(
  sql: Sql,
  view: ContentView,
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
  options: RecordContentOptions = {},
): ContentInfo {
  const { namespace, clock } = view
  const found = findContent(sql, digest, view)
  const now = new Date(clock.now())
  const old = found.kind === 'recorded' ? found.record : undefined
  const labels = checkLabels({ ...old?.labels, ...options.labels })
  const createdAt = old?.createdAt ?? options.createdAt ?? now
  const record: ContentInfo = { digest, size, labels, createdAt, updatedAt: later(createdAt, now) }
  write(sql, namespace, record)
  joinLease(sql, view, { kind: 'content', id: digest })
  return record
}

/** Throws `NOT_FOUND` unless the namespace sees the blob. `fallback` is what its file says. */
export function updateContent(
  sql: Sql,
  view: ContentView,
  fallback: ContentInfo,
  change: (labels: Labels) => Labels,
): ContentInfo {
  const { namespace, clock } = view
  const found = findContent(sql, fallback.digest, view)
  if (!isVisible(found, view)) throw noContent(fallback.digest)
  const old = found.kind === 'recorded' ? found.record : fallback
  const labels = checkLabels(change(old.labels))
  const record = { ...old, size: fallback.size, labels, updatedAt: later(old.createdAt, new Date(clock.now())) }
  write(sql, namespace, record)
  return record
}

/** Throws `NOT_FOUND` unless the namespace sees the blob. */
export function forgetContent(
  sql: Sql,
  view: ContentView,
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
): void {
  const { namespace, clock } = view
  if (!isVisible(findContent(sql, digest, view), view)) throw noContent(digest)
  const at = clock.now()
  sql.run(
    `INSERT INTO content (namespace, digest, size, labels, created_at, updated_at, forgotten)
     VALUES ($namespace, $digest, $size, '{}', $at, $at, 1)
     ON CONFLICT DO UPDATE SET labels = '{}', updated_at = $at, forgotten = 1`,
    { namespace, digest, size, at },
  )
}

export function noContent(digest: Digest): ImageError {
  return new ImageError('NOT_FOUND', `there is no blob ${shortDigest(digest)} in this store`)
}

function write(sql: Sql, namespace: string, record: ContentInfo): void {
  const { digest, size } = record
  sql.run(
    `INSERT INTO content (namespace, digest, size, labels, created_at, updated_at, forgotten)
     VALUES ($namespace, $digest, $size, $labels, $created, $updated, 0)
     ON CONFLICT DO UPDATE SET
       size = $size, labels = $labels, created_at = $created, updated_at = $updated, forgotten = 0`,
    {
      namespace,
      digest,
      size,
      labels: JSON.stringify(record.labels),
      created: record.createdAt.getTime(),
      updated: record.updatedAt.getTime(),
    },
  )
}

function recordOf(row: SqlRow): ContentInfo {
  return {
    digest: digestOf(row, 'digest'),
    size: integerOf(row, 'size'),
    labels: labelsOf(row),
    createdAt: dateOf(row, 'created_at'),
    updatedAt: dateOf(row, 'updated_at'),
  }
}

/** Clocks may go back. */
function later(one: Date, other: Date): Date {
  return one.getTime() > other.getTime() ? one : other
}
