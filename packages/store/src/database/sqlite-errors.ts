import { ImageError, quoteForeign } from '@crossdock/core'
import { quotePath } from '@crossdock/blob-files'

/** SQLite's result codes (sqlite.org/rescode.html). */
const ERROR = 1
const BUSY = 5
const LOCKED = 6
const READ_ONLY = 8
const CORRUPT = 11
const FULL = 13
const CANNOT_OPEN = 14
const NOT_A_DATABASE = 26

const IO_MEANINGS: ReadonlyMap<number, string> = new Map([
  [READ_ONLY, 'it may not be written; check its permissions and those of its folder'],
  [FULL, 'the disk is full; make room and try again'],
  [CANNOT_OPEN, 'it cannot be opened; check its permissions and those of its folder'],
])

/** SQLite's result code, without the details that it packs into the higher bits. */
function resultCode(reason: unknown): number | undefined {
  if (!(reason instanceof Error) || !('errcode' in reason)) return undefined
  return typeof reason.errcode === 'number' ? reason.errcode & 0xff : undefined
}

export function isBusy(reason: unknown): boolean {
  const code = resultCode(reason)
  return code === BUSY || code === LOCKED
}

export function isCannotOpen(reason: unknown): boolean {
  return resultCode(reason) === CANNOT_OPEN
}

/** The failure of a statement as `INVALID_DATA` or `IO` naming the file; what is none of SQLite's stays as it is. */
export function databaseError(reason: unknown, file: string): unknown {
  const code = resultCode(reason)
  if (code === undefined || !(reason instanceof Error)) return reason
  const isSchemaBroken = code === ERROR && /^no such (?:table|column)/.test(reason.message)
  if (code === CORRUPT || code === NOT_A_DATABASE || isSchemaBroken) return damaged(file, reason.message, reason)
  if (code === ERROR) return reason
  const why = IO_MEANINGS.get(code) ?? quoteForeign(reason.message, 200)
  return new ImageError('IO', `cannot use the database ${quotePath(file)}: ${why}`, { cause: reason })
}

export function damaged(file: string, problem: string, cause?: unknown): ImageError {
  return new ImageError(
    'INVALID_DATA',
    `the database ${quotePath(file)} is damaged (${quoteForeign(problem, 200)}); move it away and try again: ` +
      'image names come back from index.json, labels and leases do not',
    { cause },
  )
}
