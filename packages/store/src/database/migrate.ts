import type { DatabaseSync } from 'node:sqlite'
import { ImageError } from '@crossdock/core'
import { quotePath } from '@crossdock/blob-files'
import { createSql, inTransaction } from './connection.ts'
import { integerOf } from './rows.ts'
import { APPLICATION_ID, MIGRATIONS } from './schema.ts'
import { damaged } from './sqlite-errors.ts'

const VERSIONS =
  'CREATE TABLE schema_version (version INTEGER NOT NULL PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT'

/**
 * Brings the schema to the version that is used here, in one transaction. Throws `UNSUPPORTED` for a newer one, and `INVALID_DATA` for a
 * database that is not a store's.
 */
export function migrate(connection: DatabaseSync, file: string): void {
  if (versionOf(connection, file) === MIGRATIONS.length) return
  inTransaction(connection, 'IMMEDIATE', () => {
    const version = versionOf(connection, file) // another process may have been faster
    if (version === 0) connection.exec(`PRAGMA application_id = ${APPLICATION_ID}; ${VERSIONS}`)
    for (const [index, statements] of MIGRATIONS.entries()) {
      if (index < version) continue
      connection.exec(statements)
      connection.exec(`INSERT INTO schema_version VALUES (${index + 1}, ${Date.now()})`)
    }
  })
}

/** 0 for a database with nothing in it. */
function versionOf(connection: DatabaseSync, file: string): number {
  const sql = createSql(connection)
  const count = (statement: string): number => integerOf(sql.get(statement) ?? {}, 'n')
  if (count('SELECT count(*) AS n FROM sqlite_schema') === 0) return 0
  if (count('SELECT application_id AS n FROM pragma_application_id') !== APPLICATION_ID)
    throw damaged(file, 'it is the database of another program')
  const version = count('SELECT max(version) AS n FROM schema_version')
  if (version > MIGRATIONS.length) throw newer(file, version)
  return version
}

function newer(file: string, version: number): ImageError {
  return new ImageError(
    'UNSUPPORTED',
    `the database ${quotePath(file)} has version ${version} of the schema, and this program knows those up to ${MIGRATIONS.length}; ` +
      'use a newer Crossdock',
  )
}
