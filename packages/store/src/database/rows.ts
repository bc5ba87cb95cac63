import { ImageError, isDigest, type Digest } from '@crossdock/core'
import type { SqlRow } from './database.ts'

/** Something else in the column: other software has written to the database. */
export function unexpected(column: string): ImageError {
  return new ImageError(
    'INVALID_DATA',
    `the store's database holds something unexpected as "${column}"; move the database away and try again: ` +
      'image names come back from index.json, labels and leases do not',
  )
}

export function textOf(row: SqlRow, column: string): string {
  const value = row[column]
  if (typeof value === 'string') return value
  throw unexpected(column)
}

export function optionalTextOf(row: SqlRow, column: string): string | undefined {
  return row[column] === null ? undefined : textOf(row, column)
}

export function integerOf(row: SqlRow, column: string): number {
  const value = row[column]
  if (typeof value === 'number') return value
  throw unexpected(column)
}

export function optionalIntegerOf(row: SqlRow, column: string): number | undefined {
  return row[column] === null ? undefined : integerOf(row, column)
}

/** Times are milliseconds since 1970. */
export function dateOf(row: SqlRow, column: string): Date {
  return new Date(integerOf(row, column))
}

export function digestOf(row: SqlRow, column: string): Digest {
  const value = row[column]
  if (isDigest(value)) return value
  throw unexpected(column)
}

export function jsonOf(row: SqlRow, column: string): unknown {
  const text = textOf(row, column)
  try {
    return JSON.parse(text)
  } catch {
    throw unexpected(column)
  }
}
