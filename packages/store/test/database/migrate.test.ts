import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { migrate } from '../../src/database/migrate.ts'

const FIRST = 'CREATE TABLE thing (name TEXT) STRICT'
const SECOND = `ALTER TABLE thing ADD COLUMN size INTEGER NOT NULL DEFAULT 7; CREATE INDEX thing_by_size ON thing (size)`

function versions(connection: DatabaseSync): unknown[] {
  return connection
    .prepare('SELECT version FROM schema_version ORDER BY version')
    .all()
    .map(({ version }) => version)
}

describe('migrate', () => {
  it('brings an older version to the newest, with what is in it', () => {
    const connection = new DatabaseSync(':memory:')
    migrate(connection, 'db', [FIRST])
    connection.exec(`INSERT INTO thing VALUES ('a')`)
    migrate(connection, 'db', [FIRST, SECOND])
    migrate(connection, 'db', [FIRST, SECOND])
    expect(versions(connection)).toEqual([1, 2])
    expect({ ...connection.prepare('SELECT * FROM thing').get() }).toEqual({ name: 'a', size: 7 })
    connection.close()
  })

  it('leaves the older version, if a step fails', () => {
    const connection = new DatabaseSync(':memory:')
    migrate(connection, 'db', [FIRST])
    expect(() => migrate(connection, 'db', [FIRST, `${SECOND}; nonsense`])).toThrow('syntax error')
    expect(versions(connection)).toEqual([1])
    expect(connection.prepare('SELECT * FROM thing').columns()).toHaveLength(1)
    connection.close()
  })
})
