import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import { isFresh } from '../../src/client/records.ts'
import { fileRecords } from '../../src/index.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const url = 'https://example.com/app.tar?token=s3cret'
const digest = digestOf(new Uint8Array(0))
const record = { url, digest, etag: '"a"', maxAgeMs: 1000, expiresAt: new Date(5000) }

describe('records in files', () => {
  it('are read as they were written, each URL its own', async () => {
    const records = fileRecords(join(await temporaryFolder(), 'new', 'folder'))
    expect(await records.get(url)).toBeUndefined()
    await records.put(record)
    expect(await records.get(url)).toEqual(record)
    expect(await records.get('https://example.com/app.tar')).toBeUndefined()
    await records.put({ url, digest })
    expect(await records.get(url)).toEqual({ url, digest })
  })

  it('hold no query of a URL', async () => {
    const folder = await temporaryFolder()
    await fileRecords(folder).put(record)
    const [name = ''] = await readdir(folder)
    expect(name + (await readFile(join(folder, name), 'utf8'))).not.toContain('s3cret')
  })

  it.each(['', '{', '[]', 'null', '{"digest":"x"}', '{"digest":7}'])('that are damaged (%s) are none', async (text) => {
    const folder = await temporaryFolder()
    const records = fileRecords(folder)
    await records.put(record)
    const [name = ''] = await readdir(folder)
    await writeFile(join(folder, name), text)
    expect(await records.get(url)).toBeUndefined()
  })

  it('give nothing to a header that does not belong there', async () => {
    const folder = await temporaryFolder()
    const records = fileRecords(folder)
    await records.put({ ...record, etag: '"a"\r\nx: y', lastModified: 'Ä' })
    expect(await records.get(url)).toMatchObject({ digest, etag: undefined, lastModified: undefined })
  })
})

it.each([
  { what: 'before its time is over', expires: 5000, maxAgeMs: 1000, now: 4500, fresh: true },
  { what: 'when it is over', expires: 5000, maxAgeMs: 1000, now: 5000, fresh: false },
  { what: 'that was never promised', now: 0, fresh: false },
  { what: 'that was promised for less', expires: 5000, maxAgeMs: 1000, now: 3999, fresh: false },
])('content $what: fresh is $fresh', ({ expires, maxAgeMs, now, fresh }) => {
  const expiresAt = expires === undefined ? undefined : new Date(expires)
  expect(isFresh({ url, digest, maxAgeMs, expiresAt }, now)).toBe(fresh)
})
