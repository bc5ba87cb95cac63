import type { DatabaseSync } from 'node:sqlite'
import { createSql } from './connection.ts'
import { integerOf, textOf } from './rows.ts'

/** Before this version two processes could damage a database with a write-ahead log (sqlite.org/wal.html, "The WAL-Reset Bug"). */
const FIRST_SAFE_LOG = [3, 51, 3]

export function isLogSafe(version: string): boolean {
  const parts = version.split('.').map(Number)
  for (const [index, least] of FIRST_SAFE_LOG.entries()) {
    const part = parts[index] ?? 0
    if (part !== least) return part > least
  }
  return true
}

/**
 * Chooses how changes are made safe. Who makes the database takes the write-ahead log if its SQLite is safe with it; one that is not puts
 * an end to it, for ever, since both may use the store at once. Fails as busy while others with the log are there.
 */
export function chooseJournal(connection: DatabaseSync, version: string = libraryVersion(connection)): void {
  const sql = createSql(connection)
  const isNew = integerOf(sql.get('PRAGMA page_count') ?? {}, 'page_count') === 0
  const isLog = textOf(sql.get('PRAGMA journal_mode') ?? {}, 'journal_mode') === 'wal'
  if (isLogSafe(version) && (isNew || isLog)) connection.exec('PRAGMA journal_mode = WAL')
  else connection.exec('PRAGMA journal_mode = TRUNCATE')
}

function libraryVersion(connection: DatabaseSync): string {
  return textOf(createSql(connection).get('SELECT sqlite_version() AS version') ?? {}, 'version')
}
