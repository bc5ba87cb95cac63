import type { Sql } from '../database/database.ts'
import { integerOf, optionalTextOf, textOf } from '../database/rows.ts'
import type { ImageRecord, NewImageRecord } from '../image-names.ts'
import { imageOf, imageValues } from '../names/image-rows.ts'
import { DEFAULT_NAMESPACE } from '../store-context.ts'
import { targetText } from './named-entries.ts'
import type { ImageChanges } from './with-images.ts'

/** A name whose record has changed since `index.json` was written. */
export interface NotedName {
  readonly name: string
  /** Grows with every change. */
  readonly changes: number
}

/** What the database knows of `index.json`. */
export interface ProjectionState {
  /** Of the file whose content the database has; undefined if it has none. */
  readonly stamp: string | undefined
  readonly noted: readonly NotedName[]
  /** What the noted names stand for. */
  readonly images: ImageChanges
}

export function readProjection(sql: Sql): ProjectionState {
  const noted = sql
    .all('SELECT name, changes FROM noted_name ORDER BY name')
    .map((row) => ({ name: textOf(row, 'name'), changes: integerOf(row, 'changes') }))
  const images = noted.map(({ name }) => [name, findImage(sql, name)] as const)
  return { stamp: readStamp(sql), noted, images: new Map(images) }
}

export function readStamp(sql: Sql): string | undefined {
  const row = sql.get('SELECT stamp FROM index_file')
  return row === undefined ? undefined : textOf(row, 'stamp')
}

export function noteName(sql: Sql, name: string): void {
  sql.run(`INSERT INTO noted_name (name, changes) VALUES ($name, 1) ON CONFLICT DO UPDATE SET changes = changes + 1`, {
    name,
  })
}

export function isNoted(sql: Sql, name: string): boolean {
  return sql.get('SELECT 1 FROM noted_name WHERE name = $name', { name }) !== undefined
}

/** Whether `index.json` lacks anything. */
export function isAnyNoted(sql: Sql): boolean {
  return sql.get('SELECT 1 FROM noted_name LIMIT 1') !== undefined
}

/** What `index.json` was last seen to make a name stand for, as `targetText` has it. */
export interface ProjectedName {
  readonly target: string
  /** What it stood for before. */
  readonly previous: string | undefined
  /** Since when, in milliseconds since 1970. */
  readonly projectedAt: number
}

export function projectedNames(sql: Sql): ReadonlyMap<string, ProjectedName> {
  const rows = sql.all('SELECT * FROM projected_name')
  return new Map(
    rows.map((row) => [
      textOf(row, 'name'),
      {
        target: textOf(row, 'target'),
        previous: optionalTextOf(row, 'previous'),
        projectedAt: integerOf(row, 'projected_at'),
      },
    ]),
  )
}

/** Notes what `index.json` says. */
export function setProjected(sql: Sql, image: NewImageRecord, now: number): void {
  sql.run(
    `INSERT INTO projected_name (name, target, projected_at) VALUES ($name, $target, $now)
     ON CONFLICT DO UPDATE SET previous = target, target = excluded.target, projected_at = excluded.projected_at
     WHERE target <> excluded.target`,
    { name: image.name, target: targetText(image), now },
  )
}

/** Notes that `index.json` does not have the name. */
export function unsetProjected(sql: Sql, name: string): void {
  sql.run('DELETE FROM projected_name WHERE name = $name', { name })
}

export function setStamp(sql: Sql, stamp: string): void {
  sql.run(`INSERT INTO index_file (id, stamp) VALUES (1, $stamp) ON CONFLICT DO UPDATE SET stamp = excluded.stamp`, {
    stamp,
  })
}

/** After `index.json` was written: what was noted of these names is in it, unless more came meanwhile. */
export function settleNames(sql: Sql, noted: readonly NotedName[]): void {
  for (const { name, changes } of noted)
    sql.run('DELETE FROM noted_name WHERE name = $name AND changes = $changes', { name, changes })
}

export function findImage(sql: Sql, name: string): ImageRecord | undefined {
  const row = sql.get('SELECT * FROM image WHERE namespace = $namespace AND name = $name', {
    namespace: DEFAULT_NAMESPACE,
    name,
  })
  return row === undefined ? undefined : imageOf(row)
}

/** Takes over what another program wrote; labels and the time of creation stay. */
export function adoptImage(sql: Sql, image: NewImageRecord, now: number): void {
  const stored = findImage(sql, image.name)
  const { labels = {}, createdAt = new Date(now) } = stored ?? {}
  const record = { name: image.name, target: image.target, labels, createdAt, updatedAt: new Date(now) }
  sql.run(
    `INSERT INTO image (namespace, name, digest, media_type, target, labels, created_at, updated_at, used_at)
     VALUES ($namespace, $name, $digest, $mediaType, $target, $labels, $createdAt, $updatedAt, $now)
     ON CONFLICT DO UPDATE SET digest = excluded.digest, media_type = excluded.media_type, target = excluded.target,
       updated_at = excluded.updated_at, used_at = excluded.used_at`,
    { ...imageValues(DEFAULT_NAMESPACE, record), now },
  )
}

export function forgetImage(sql: Sql, name: string): void {
  sql.run('DELETE FROM image WHERE namespace = $namespace AND name = $name', { namespace: DEFAULT_NAMESPACE, name })
}
