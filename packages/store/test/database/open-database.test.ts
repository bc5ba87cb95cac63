import { mkdir, open, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Database, Sql } from '../../src/database/database.ts'
import { openDatabase } from '../../src/database/open-database.ts'
import { filesIn, temporaryFolder } from '../temporary-folder.ts'

const PUT = `INSERT INTO http_record (url, digest, used_at) VALUES ($url, '', 0)`
const put =
  (url: string) =>
  (sql: Sql): number =>
    sql.run(PUT, { url })
const urls = async (database: Database): Promise<unknown[]> =>
  await database.read((sql) => sql.all('SELECT url FROM http_record ORDER BY url').map(({ url }) => url))
const code = (expected: string): unknown => expect.objectContaining({ code: expected })

async function newFile(): Promise<string> {
  return join(await temporaryFolder(), 'crossdock.db')
}

/** A database with so much in it that it has many pages. */
async function filledFile(): Promise<string> {
  const file = await newFile()
  await using database = await openDatabase({ file, durable: false })
  await database.write((sql) => {
    for (let index = 0; index < 2000; index += 1) put(`https://example.com/${index}`)(sql)
  })
  return file
}

/** Another connection that writes, as another process would. */
function hold(file: string): DatabaseSync {
  const holder = new DatabaseSync(file)
  holder.exec('BEGIN IMMEDIATE')
  return holder
}

async function overwrite(file: string, position: number, text: string): Promise<void> {
  await using handle = await open(file, 'r+')
  await handle.write(text, position)
}

describe('openDatabase', () => {
  it('keeps what was written for the next one that opens it', async () => {
    const file = await newFile()
    {
      await using database = await openDatabase({ file })
      expect(await database.write(put('a'))).toBe(1)
    }
    await using database = await openDatabase({ file })
    expect(await urls(database)).toEqual(['a'])
    expect(await database.problems()).toEqual([])
  })

  it('leaves no file beside it when it is closed', async () => {
    const file = await newFile()
    const database = await openDatabase({ file })
    await database.write(put('a'))
    await database[Symbol.asyncDispose]()
    await database[Symbol.asyncDispose]()
    expect(await filesIn(join(file, '..'))).toEqual(['crossdock.db'])
    await expect(database.read(() => 1)).rejects.toEqual(code('CONFLICT'))
  })

  it('takes back all of a transaction whose work fails', async () => {
    await using database = await openDatabase({ file: ':memory:' })
    const failing = database.write((sql) => {
      put('a')(sql)
      throw new RangeError('in the middle')
    })
    await expect(failing).rejects.toThrow(new RangeError('in the middle'))
    expect(await urls(database)).toEqual([])
    await database.write(put('b'))
    expect(await urls(database)).toEqual(['b'])
  })

  it('lets many of one process write at once', async () => {
    await using database = await openDatabase({ file: await newFile(), durable: false })
    await Promise.all(Array.from({ length: 50 }, async (_, index) => await database.write(put(String(index)))))
    expect(await urls(database)).toHaveLength(50)
  })

  it('is opened by several at once, who all find the schema', async () => {
    const file = await newFile()
    const all = await Promise.all(Array.from({ length: 8 }, async () => await openDatabase({ file })))
    await Promise.all(all.map(async (database, index) => await database.write(put(String(index)))))
    for (const database of all) {
      expect(await urls(database)).toHaveLength(8)
      await database[Symbol.asyncDispose]()
    }
  })
})

describe('a database that others have locked', () => {
  it('is waited for while other work of this process goes on', async () => {
    const file = await newFile()
    await using database = await openDatabase({ file })
    const holder = hold(file)
    const writing = database.write(put('a'))
    for (let turn = 0; turn < 20; turn += 1) await setImmediate()
    expect(await urls(database)).toEqual([])
    holder.exec('COMMIT')
    expect(await writing).toBe(1)
    holder.close()
  })

  it('is UNAVAILABLE when the time is over, and says so', async () => {
    const file = await newFile()
    await using database = await openDatabase({ file, busyTimeoutMs: 30 })
    const holder = hold(file)
    await expect(database.write(put('a'))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
      message: expect.stringContaining('crossdock.db" locked for longer than 30 ms'),
    })
    holder.close()
    expect(await database.write(put('a'))).toBe(1)
  })

  it('is not waited for after an abort', async () => {
    const file = await newFile()
    await using database = await openDatabase({ file })
    const holder = hold(file)
    const controller = new AbortController()
    const writing = database.write(put('a'), { signal: controller.signal })
    await setImmediate()
    controller.abort(new RangeError('enough'))
    await expect(writing).rejects.toThrow(new RangeError('enough'))
    await expect(database.read(() => 1, { signal: controller.signal })).rejects.toThrow('enough')
    holder.close()
  })
})

describe('a database that is not as it should be', () => {
  const damages: readonly (readonly [string, (file: string) => Promise<void>])[] = [
    ['has text in place of its header', async (file) => await overwrite(file, 0, 'this is no database at all')],
    ['is cut off', async (file) => await truncate(file, 5000)],
    ['has a wrong page', async (file) => await overwrite(file, 4096, '\xff'.repeat(2000))],
    ['is a text', async (file) => await writeFile(file, 'text '.repeat(1000))],
  ]

  it.each(damages)('is INVALID_DATA that says what to do, if it %s', async (_, damage) => {
    const file = await filledFile()
    await damage(file)
    const use = (async () => {
      await using database = await openDatabase({ file })
      await database.write((sql) => sql.run('UPDATE http_record SET used_at = 1'))
    })()
    await expect(use).rejects.toMatchObject({
      code: 'INVALID_DATA',
      message: expect.stringMatching(/crossdock\.db" is damaged .*; move it away and try again: image names come back/),
    })
    await rename(file, `${file}.away`)
    await using fresh = await openDatabase({ file })
    expect(await urls(fresh)).toEqual([])
  })

  it('has problems, if a page is wrong that was not read yet', async () => {
    const file = await filledFile()
    const { size } = await stat(file)
    await overwrite(file, size - 4096, '\xff'.repeat(2000))
    await using database = await openDatabase({ file })
    expect(await database.problems()).not.toEqual([])
  })

  it('is UNSUPPORTED and left alone, if it is of a newer version', async () => {
    const file = await newFile()
    await (await openDatabase({ file }))[Symbol.asyncDispose]()
    const newer = new DatabaseSync(file)
    newer.exec('INSERT INTO schema_version VALUES (99, 0)')
    newer.close()
    await expect(openDatabase({ file })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(/has version 99 of the schema.*use a newer Crossdock/),
    })
  })

  it('is INVALID_DATA, if it is the database of another program', async () => {
    const file = await newFile()
    const other = new DatabaseSync(file)
    other.exec('CREATE TABLE song (title TEXT)')
    other.close()
    await expect(openDatabase({ file })).rejects.toEqual(code('INVALID_DATA'))
  })

  it('is made anew, if it is an empty file', async () => {
    const file = await newFile()
    await writeFile(file, '')
    await using database = await openDatabase({ file })
    expect(await database.write(put('a'))).toBe(1)
  })

  it('is refused, if it is a link or a folder', async () => {
    const file = await newFile()
    await symlink('elsewhere.db', file)
    await expect(openDatabase({ file })).rejects.toEqual(code('CONFLICT'))
    await rm(file)
    await mkdir(file)
    await expect(openDatabase({ file })).rejects.toEqual(code('CONFLICT'))
  })

  it('is IO, if its folder is not there', async () => {
    const file = join(await temporaryFolder(), 'none', 'crossdock.db')
    await expect(openDatabase({ file })).rejects.toEqual(code('IO'))
  })

  it.skipIf(process.platform === 'win32')('is not written to, if it was removed while it was open', async () => {
    const file = await newFile()
    await using database = await openDatabase({ file })
    await rm(file)
    await expect(database.write(put('a'))).rejects.toEqual(code('CONFLICT'))
    await writeFile(file, '')
    await expect(database.write(put('a'))).rejects.toEqual(code('CONFLICT'))
  })
})
