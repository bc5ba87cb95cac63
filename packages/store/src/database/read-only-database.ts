import { statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { quotePath } from '@crossdock/blob-files'
import { ImageError } from '@crossdock/core'
import { createSql, inTransaction } from './connection.ts'
import type { Database } from './database.ts'
import { requireVersion } from './migrate.ts'
import { createMemoryDatabase } from './open-database.ts'
import { textOf } from './rows.ts'
import { databaseError, isCannotOpen } from './sqlite-errors.ts'
import { retryBusy, type RetryBusyOptions } from './transactions.ts'

/** A copy in memory of a database that may only be read. */
export interface DatabaseCopy {
  /** For all who want to know something. */
  readonly database: Database
  /** For those who bring the copy up to date; gone when it is closed. */
  readonly copy: Database
}

/**
 * Reads a database that may only be read, and that need not exist. Throws what `openDatabase` throws, and `UNSUPPORTED` for one of an
 * older version too.
 */
export async function readDatabase(options: RetryBusyOptions): Promise<DatabaseCopy> {
  const { file } = options
  const { connection, database: copy } = createMemoryDatabase()
  const database: Database = {
    file,
    readOnly: true,
    read: (work, operation) => copy.read(work, operation),
    write: async () => await refuse(file),
    problems: (operation) => copy.problems(operation),
    [Symbol.asyncDispose]: async () => await copy[Symbol.asyncDispose](),
  }
  try {
    if (statSync(file, { throwIfNoEntry: false }) !== undefined)
      await retryBusy(() => copyInto(connection, file), options)
    return { database, copy }
  } catch (reason) {
    await copy[Symbol.asyncDispose]()
    throw databaseError(reason, file)
  }
}

function refuse(file: string): Promise<never> {
  throw new ImageError(
    'IO',
    `the store ${quotePath(dirname(file))} can only be read here; check its permissions, or choose another one`,
  )
}

/**
 * Nobody writes to a file that has no log and no journal beside it: it is taken as it is, which leaves no trace. Otherwise SQLite looks,
 * which may need to make a file; where it cannot, the file is taken all the same.
 */
function copyInto(connection: DatabaseSync, file: string): void {
  const before = quietState(file)
  if (before !== undefined) {
    copyTables(connection, file, { immutable: '1' })
    if (quietState(file) === before) return
  }
  try {
    copyTables(connection, file, { mode: 'ro' })
  } catch (reason) {
    if (!isCannotOpen(reason)) throw reason
    copyTables(connection, file, { immutable: '1' })
  }
}

/** What changes with the file; undefined while somebody writes to it. */
function quietState(file: string): string | undefined {
  const isInUse = ['-wal', '-journal'].some(
    (end) => (statSync(`${file}${end}`, { throwIfNoEntry: false })?.size ?? 0) > 0,
  )
  const found = statSync(file, { throwIfNoEntry: false, bigint: true })
  return isInUse || found === undefined ? undefined : `${found.ino} ${found.size} ${found.mtimeNs}`
}

/** Replaces what the copy has. */
function copyTables(connection: DatabaseSync, file: string, parameters: Readonly<Record<string, string>>): void {
  const url = pathToFileURL(file)
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  const sql = createSql(connection)
  sql.run('ATTACH DATABASE $url AS stored', { url: url.href })
  try {
    inTransaction(connection, 'DEFERRED', () => {
      requireVersion(connection, file, 'stored')
      const tables = sql.all(`SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name <> 'schema_version'`)
      connection.exec('PRAGMA defer_foreign_keys = 1')
      for (const table of tables.map((row) => textOf(row, 'name')))
        connection.exec(`DELETE FROM main.${table}; INSERT INTO main.${table} SELECT * FROM stored.${table}`)
    })
  } finally {
    connection.exec('DETACH DATABASE stored')
  }
}
