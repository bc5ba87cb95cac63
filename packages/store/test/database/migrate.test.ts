import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { isLogSafe } from '../../src/database/journal.ts'
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

describe('isLogSafe', () => {
  it.each([
    ['3.51.3', true],
    ['3.51.10', true],
    ['3.52.0', true],
    ['4.0', true],
    ['3.51.2', false],
    ['3.50.9', false],
    ['3.9.0', false],
    ['2.99.99', false],
  ])('of SQLite %s: %s', (version, expected) => {
    expect(isLogSafe(version)).toBe(expected)
  })
})
