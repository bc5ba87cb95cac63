import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Sql } from './database.ts'

/** Statements are compiled once; those that are made up from filters could become many. */
const MAX_STATEMENTS = 200

/** Statements of one connection, kept for the next time. */
export function createSql(connection: DatabaseSync): Sql {
  const prepared = new Map<string, StatementSync>()

  function prepare(text: string): StatementSync {
    const known = prepared.get(text)
    if (known !== undefined) return known
    if (prepared.size >= MAX_STATEMENTS) prepared.clear()
    const statement = connection.prepare(text)
    prepared.set(text, statement)
    return statement
  }

  return {
    all: (text, values = {}) => prepare(text).all(values),
    get: (text, values = {}) => prepare(text).get(values),
    run: (text, values = {}) => Number(prepare(text).run(values).changes),
  }
}

/** Runs the work between a BEGIN of this kind and COMMIT; whatever fails takes all of it back. */
export function inTransaction<Value>(
  connection: DatabaseSync,
  kind: 'DEFERRED' | 'IMMEDIATE',
  work: () => Value,
): Value {
  connection.exec(`BEGIN ${kind}`)
  try {
    const value = work()
    connection.exec('COMMIT')
    return value
  } catch (reason) {
    rollBack(connection)
    throw reason
  }
}

function rollBack(connection: DatabaseSync): void {
  try {
    connection.exec('ROLLBACK')
  } catch {
    // SQLite has done so itself: a full disk, say, ends a transaction.
  }
}
