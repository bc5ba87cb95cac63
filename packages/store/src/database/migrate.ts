import type { DatabaseSync } from 'node:sqlite'
import { ImageError } from '@crossdock/core'
import { quotePath } from '@crossdock/blob-files'
import { createSql, inTransaction } from './connection.ts'
import { integerOf } from './rows.ts'
import { APPLICATION_ID, MIGRATIONS } from './schema.ts'
import { damaged } from './sqlite-errors.ts'

const VERSIONS =
  'CREATE TABLE schema_version (version INTEGER NOT NULL PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT'

/** A database of a connection, as statements name it. */
type DatabaseName = 'main' | 'stored'

/**
 * Brings the schema to the version that is used here, in one transaction. Throws `UNSUPPORTED` for a newer one, and `INVALID_DATA` for a
 * database that is not a store's.
 */
export function migrate(connection: DatabaseSync, file: string, migrations: readonly string[] = MIGRATIONS): void {
  const versionNow = (): number => checkedVersion(connection, file, { migrations, name: 'main' })
  if (versionNow() === migrations.length) return
  inTransaction(connection, 'IMMEDIATE', () => {
    const version = versionNow() // another process may have been faster
    if (version === 0) connection.exec(`PRAGMA application_id = ${APPLICATION_ID}; ${VERSIONS}`)
    for (const [index, statements] of migrations.entries()) {
      if (index < version) continue
      connection.exec(statements)
      connection.exec(`INSERT INTO schema_version VALUES (${index + 1}, ${Date.now()})`)
    }
  })
}

/** Throws `UNSUPPORTED` for another version than the one that is used here. */
export function requireVersion(connection: DatabaseSync, file: string, name: DatabaseName): void {
  const version = checkedVersion(connection, file, { migrations: MIGRATIONS, name })
  if (version !== MIGRATIONS.length)
    throw versionError(file, version, 'open the store once where it can be written, which brings it to the new version')
}

/** 0 for a database with nothing in it. */
function checkedVersion(
  connection: DatabaseSync,
  file: string,
  { migrations, name }: { readonly migrations: readonly string[]; readonly name: DatabaseName },
): number {
  const sql = createSql(connection)
  const count = (statement: string): number => integerOf(sql.get(statement) ?? {}, 'n')
  if (count(`SELECT count(*) AS n FROM ${name}.sqlite_schema`) === 0) return 0
  if (integerOf(sql.get(`PRAGMA ${name}.application_id`) ?? {}, 'application_id') !== APPLICATION_ID)
    throw damaged(file, 'it is the database of another program')
  const version = count(`SELECT max(version) AS n FROM ${name}.schema_version`)
  if (version > migrations.length) throw versionError(file, version, 'use a newer Crossdock')
  return version
}

function versionError(file: string, version: number, advice: string): ImageError {
  return new ImageError(
    'UNSUPPORTED',
    `the database ${quotePath(file)} has version ${version} of the schema, and this program uses version ${MIGRATIONS.length}; ${advice}`,
  )
}
