import { checkDescriptor } from '@crossdock/formats'
import type { SqlRow, SqlValues } from '../database/database.ts'
import { dateOf, jsonOf, textOf } from '../database/rows.ts'
import type { ImageRecord } from '../image-names.ts'
import type { Labels } from '../labels.ts'

export function imageOf(row: SqlRow): ImageRecord {
  return {
    name: textOf(row, 'name'),
    target: checkDescriptor(jsonOf(row, 'target'), `the target of "${textOf(row, 'name')}" in the store's database`),
    labels: labelsOf(row),
    createdAt: dateOf(row, 'created_at'),
    updatedAt: dateOf(row, 'updated_at'),
  }
}

export function labelsOf(row: SqlRow): Labels {
  const labels = jsonOf(row, 'labels')
  return typeof labels === 'object' && labels !== null ? Object.fromEntries(Object.entries(labels)) : {}
}

/** The columns of a record besides `used_at`. */
export function imageValues(namespace: string, { name, target, labels, createdAt, updatedAt }: ImageRecord): SqlValues {
  return {
    namespace,
    name,
    digest: target.digest,
    mediaType: target.mediaType,
    target: JSON.stringify(target),
    labels: JSON.stringify(labels),
    createdAt: createdAt.getTime(),
    updatedAt: updatedAt.getTime(),
  }
}
