import type { Digest } from '@crossdock/core'
import type { Sql, SqlRow } from '../database/database.ts'
import { digestOf, optionalTextOf, textOf } from '../database/rows.ts'
import type { Labels } from '../labels.ts'
import { expiryOf, FLAT_LABEL } from '../leases/expiry.ts'
import { labelsOf } from '../names/image-rows.ts'
import { type SubjectKey, subjectOfName } from './attached-names.ts'
import { GC_LABELS, labelReferences, type LabelReferences } from './gc-labels.ts'

/** An image name of one namespace. */
export interface ImageNode {
  readonly namespace: string
  readonly name: string
  readonly target: Digest
  /** Whether its time is over, so that it keeps nothing by itself. */
  readonly isExpired: boolean
  /** To what it is attached, by its name. */
  readonly subject: SubjectKey | undefined
  readonly references: LabelReferences | undefined
}

export interface LeaseNode {
  readonly namespace: string
  readonly id: string
  readonly isExpired: boolean
  /** Whether only what is listed is kept. */
  readonly isFlat: boolean
  readonly content: readonly Digest[]
  /** Refs. */
  readonly ingests: readonly string[]
  /** Names. */
  readonly images: readonly string[]
}

export interface ContentNode {
  readonly namespace: string
  readonly digest: Digest
  readonly references: LabelReferences
}

/** All that the database says of what is needed, at one instant. */
export interface Snapshot {
  readonly images: readonly ImageNode[]
  readonly leases: readonly LeaseNode[]
  /** Content with labels that matter. */
  readonly content: readonly ContentNode[]
}

const WITH_LABELS = `labels LIKE '%${GC_LABELS}%'`

export function readSnapshot(sql: Sql, now: number): Snapshot {
  return {
    images: sql
      .all(
        `SELECT namespace, name, digest, CASE WHEN ${WITH_LABELS} THEN labels END AS labels FROM image
         ORDER BY namespace, name`,
      )
      .map((row) => imageNode(row, now)),
    leases: readLeases(sql, now),
    content: sql.all(`SELECT namespace, digest, labels FROM content WHERE ${WITH_LABELS}`).map((row) => ({
      namespace: textOf(row, 'namespace'),
      digest: digestOf(row, 'digest'),
      references: labelReferences(labelsOf(row)),
    })),
  }
}

function imageNode(row: SqlRow, now: number): ImageNode {
  const labels = optionalTextOf(row, 'labels') === undefined ? undefined : labelsOf(row)
  const name = textOf(row, 'name')
  return {
    namespace: textOf(row, 'namespace'),
    name,
    target: digestOf(row, 'digest'),
    isExpired: labels !== undefined && isOver(labels, now),
    subject: subjectOfName(name),
    references: labels && labelReferences(labels),
  }
}

export function readLeases(sql: Sql, now: number): readonly LeaseNode[] {
  const resources = Map.groupBy(sql.all('SELECT namespace, lease, kind, id FROM lease_resource'), (row) =>
    leaseKey(textOf(row, 'namespace'), textOf(row, 'lease')),
  )
  return sql.all('SELECT namespace, id, labels FROM lease').map((row) => {
    const [namespace, id, labels] = [textOf(row, 'namespace'), textOf(row, 'id'), labelsOf(row)]
    const own = resources.get(leaseKey(namespace, id)) ?? []
    const ofKind = (kind: string): readonly SqlRow[] => own.filter((resource) => resource['kind'] === kind)
    return {
      namespace,
      id,
      isExpired: isOver(labels, now),
      isFlat: Object.hasOwn(labels, FLAT_LABEL),
      content: ofKind('content').map((resource) => digestOf(resource, 'id')),
      ingests: ofKind('ingest').map((resource) => textOf(resource, 'id')),
      images: ofKind('image').map((resource) => textOf(resource, 'id')),
    }
  })
}

function leaseKey(namespace: string, id: string): string {
  return `${namespace}\0${id}`
}

function isOver(labels: Labels, now: number): boolean {
  const expiry = expiryOf(labels)
  return expiry !== undefined && expiry.getTime() <= now
}
