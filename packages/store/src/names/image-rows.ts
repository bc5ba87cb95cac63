import { type Descriptor, isDigest } from '@crossdock/core'
import { isObject, member } from '@crossdock/formats'
import type { SqlRow, SqlValues } from '../database/database.ts'
import { dateOf, jsonOf, textOf, unexpected } from '../database/rows.ts'
import type { ImageRecord } from '../image-names.ts'
import type { Labels } from '../labels.ts'

export function imageOf(row: SqlRow): ImageRecord {
  return {
    name: textOf(row, 'name'),
    target: targetOf(row),
    labels: labelsOf(row),
    createdAt: dateOf(row, 'created_at'),
    updatedAt: dateOf(row, 'updated_at'),
  }
}

/** It was checked before it was written; here it is only seen that it is one. */
function targetOf(row: SqlRow): Descriptor {
  const target = jsonOf(row, 'target')
  if (isDescriptor(target)) return target
  throw unexpected('target')
}

function isDescriptor(value: unknown): value is Descriptor {
  if (!isObject(value)) return false
  const [mediaType, digest, size] = ['mediaType', 'digest', 'size'].map((key) => member(value, key))
  return typeof mediaType === 'string' && isDigest(digest) && typeof size === 'number'
}

export function labelsOf(row: SqlRow): Labels {
  const labels = jsonOf(row, 'labels')
  if (isLabels(labels)) return labels
  throw unexpected('labels')
}

function isLabels(value: unknown): value is Labels {
  return isObject(value) && Object.values(value).every((text) => typeof text === 'string')
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
