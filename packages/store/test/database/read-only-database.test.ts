import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { openDatabase } from '../../src/database/open-database.ts'
import { readDatabase } from '../../src/database/read-only-database.ts'
import { filesIn, temporaryFolder } from '../temporary-folder.ts'

const PUT = `INSERT INTO http_record (url, digest, used_at) VALUES ($url, '', 0)`
const urls = async (database: Database): Promise<unknown[]> =>
  await database.read((sql) => sql.all('SELECT url FROM http_record ORDER BY url').map(({ url }) => url))

async function newFile(): Promise<string> {
  return join(await temporaryFolder(), 'crossdock.db')
}

describe('readDatabase', () => {
  it('has what was written, refuses to be written, and leaves no trace', async () => {
    const file = await newFile()
    const written = await openDatabase({ file })
    await written.write((sql) => sql.run(PUT, { url: 'a' }))
    await written[Symbol.asyncDispose]()
    const { database } = await readDatabase({ file, timeoutMs: 1000 })
    expect(await urls(database)).toEqual(['a'])
    await expect(database.write(() => 1)).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining('can only be read here'),
    })
    expect(await filesIn(join(file, '..'))).toEqual(['crossdock.db'])
    await database[Symbol.asyncDispose]()
  })

  it('has what another one is still writing, as far as that was said to be written', async () => {
    const file = await newFile()
    await using writer = await openDatabase({ file })
    await writer.write((sql) => sql.run(PUT, { url: 'a' }))
    const { database } = await readDatabase({ file, timeoutMs: 1000 })
    await writer.write((sql) => sql.run(PUT, { url: 'b' }))
    expect(await urls(database)).toEqual(['a'])
    await database[Symbol.asyncDispose]()
  })

  it('is empty without a file', async () => {
    const { database, copy } = await readDatabase({ file: await newFile(), timeoutMs: 1000 })
    expect(await urls(database)).toEqual([])
    await copy.write((sql) => sql.run(PUT, { url: 'of the copy' }))
    expect(await urls(database)).toEqual(['of the copy'])
    await database[Symbol.asyncDispose]()
  })

  it('refuses what is none, and what is of another version', async () => {
    const file = await newFile()
    const connection = new DatabaseSync(file)
    connection.exec('CREATE TABLE song (title TEXT)')
    connection.close()
    await expect(readDatabase({ file, timeoutMs: 1000 })).rejects.toMatchObject({ code: 'INVALID_DATA' })
    const newer = await newFile()
    await (await openDatabase({ file: newer }))[Symbol.asyncDispose]()
    const change = new DatabaseSync(newer)
    change.exec('INSERT INTO schema_version VALUES (99, 0)')
    change.close()
    await expect(readDatabase({ file: newer, timeoutMs: 1000 })).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })
})
