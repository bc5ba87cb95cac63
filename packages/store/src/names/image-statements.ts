import { ImageError, quoteForeign, type Digest } from '@crossdock/core'
import { quotePath } from '@crossdock/blob-files'
import type { Sql } from '../database/database.ts'
import type { ImageRecord, NewImageRecord } from '../image-names.ts'
import { EXPIRE_LABEL } from '../leases/expiry.ts'
import { joinLease } from '../leases/lease-resources.ts'
import { type Clock, DEFAULT_NAMESPACE, type StoreContext } from '../store-context.ts'
import { checkImage } from './check-image.ts'
import { applyFieldPaths } from './field-paths.ts'
import { imageOf, imageValues } from './image-rows.ts'

const GET = 'SELECT * FROM image WHERE namespace = $namespace AND name = $name'
const DELETE = 'DELETE FROM image WHERE namespace = $namespace AND name = $name'
const STORE = `
  INSERT INTO image (namespace, name, digest, media_type, target, labels, created_at, updated_at, used_at)
  VALUES ($namespace, $name, $digest, $mediaType, $target, $labels, $createdAt, $updatedAt, $now)
  ON CONFLICT DO UPDATE SET digest = excluded.digest, media_type = excluded.media_type, target = excluded.target,
    labels = excluded.labels, updated_at = excluded.updated_at, used_at = excluded.used_at`

function findImage(sql: Sql, { namespace }: StoreContext, name: string): ImageRecord | undefined {
  const row = sql.get(GET, { namespace, name })
  return row === undefined ? undefined : imageOf(row)
}

/** Throws `NOT_FOUND`. */
export function requireImage(sql: Sql, context: StoreContext, name: string): ImageRecord {
  const image = findImage(sql, context, name)
  if (image === undefined) throw noImage(name, context)
  return image
}

/** Throws `CONFLICT` if the name is there. */
export function insertImage(sql: Sql, context: StoreContext, image: ImageRecord): ImageRecord {
  if (findImage(sql, context, image.name) !== undefined) throw imageExists(image.name, context)
  return storeImage(sql, context, image)
}

export function putImage(sql: Sql, context: StoreContext, image: NewImageRecord): ImageRecord {
  const stored = findImage(sql, context, image.name)
  if (stored === undefined) return storeImage(sql, context, newRecord(image, context.clock))
  const { target, labels = stored.labels } = image
  const updatedAt = timeAfter(stored.updatedAt, context.clock)
  return storeImage(sql, context, { ...stored, target, labels, updatedAt })
}

export function updateImage(
  sql: Sql,
  context: StoreContext,
  { image, paths }: { readonly image: NewImageRecord; readonly paths: readonly string[] },
): ImageRecord {
  const stored = requireImage(sql, context, image.name)
  const changed = applyFieldPaths(stored, image, paths)
  const updatedAt = timeAfter(stored.updatedAt, context.clock)
  return storeImage(sql, context, checkImage({ ...stored, ...changed, updatedAt }))
}

/** Throws `NOT_FOUND`, also if the name stands for something else than `target`. */
export function deleteImage(
  sql: Sql,
  context: StoreContext,
  { name, target }: { readonly name: string; readonly target: Digest | undefined },
): void {
  const stored = requireImage(sql, context, name)
  if (target !== undefined && stored.target.digest !== target) throw otherTarget(stored)
  sql.run(DELETE, { namespace: context.namespace, name })
}

function storeImage(sql: Sql, context: StoreContext, image: ImageRecord): ImageRecord {
  const isLeased = Object.hasOwn(image.labels, EXPIRE_LABEL)
  joinLease(sql, context, isLeased ? { kind: 'image', id: image.name } : undefined)
  sql.run(STORE, { ...imageValues(context.namespace, image), now: context.clock.now() })
  return image
}

export function newRecord({ name, target, labels = {} }: NewImageRecord, clock: Clock): ImageRecord {
  const now = new Date(clock.fixed ?? clock.now())
  return { name, target, labels, createdAt: now, updatedAt: now }
}

/** A clock that stands still or goes back does not hide that there was an update. */
function timeAfter(earlier: Date, { fixed, now }: Clock): Date {
  return new Date(fixed ?? Math.max(now(), earlier.getTime() + 1))
}

export function noImage(name: string, context: StoreContext): ImageError {
  return new ImageError(
    'NOT_FOUND',
    `no image "${quoteForeign(name, 200)}" is in ${described(context)}; look for its full name`,
  )
}

function imageExists(name: string, context: StoreContext): ImageError {
  return new ImageError(
    'CONFLICT',
    `an image "${quoteForeign(name, 200)}" is in ${described(context)} already; update it, or delete it first`,
  )
}

function otherTarget({ name, target }: ImageRecord): ImageError {
  return new ImageError(
    'NOT_FOUND',
    `the image "${quoteForeign(name, 200)}" stands for ${target.digest} by now; it was not deleted`,
  )
}

function described({ folder, namespace }: StoreContext): string {
  const part = namespace === DEFAULT_NAMESPACE ? '' : `the namespace "${namespace}" of `
  return `${part}the store ${quotePath(folder)}`
}
