import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { chooseJournal, isLogSafe } from '../../src/database/journal.ts'
import { isBusy } from '../../src/database/sqlite-errors.ts'
import { temporaryFolder } from '../temporary-folder.ts'

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

const modeOf = (connection: DatabaseSync): unknown => connection.prepare('PRAGMA journal_mode').get()?.['journal_mode']

function open(file: string, version: string): DatabaseSync {
  const connection = new DatabaseSync(file)
  chooseJournal(connection, version)
  connection.exec('CREATE TABLE IF NOT EXISTS thing (name TEXT)')
  return connection
}

describe('chooseJournal', () => {
  it('has a log where it is safe, and none where it is not', async () => {
    const folder = await temporaryFolder()
    const [log, none] = [open(join(folder, 'log.db'), '3.51.3'), open(join(folder, 'none.db'), '3.51.2')]
    expect([modeOf(log), modeOf(none)]).toEqual(['wal', 'truncate'])
    log.close()
    none.close()
  })

  it('waits for those with a log before it puts an end to it, and nobody begins it again', async () => {
    const file = join(await temporaryFolder(), 'mixed.db')
    const safe = open(file, '3.51.3')
    const unsafe = new DatabaseSync(file)
    const choose = (): void => chooseJournal(unsafe, '3.50.4')
    expect(choose).toThrow(expect.toSatisfy(isBusy))
    safe.close()
    choose()
    expect(modeOf(unsafe)).toBe('truncate')
    const later = open(file, '3.51.3')
    expect(modeOf(later)).toBe('truncate')
    later.close()
    unsafe.close()
  })
})
