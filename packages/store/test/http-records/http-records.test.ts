import { digestOf } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import { openTestStore } from '../open-test-store.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const digest = digestOf(new TextEncoder().encode('content'))
const other = digestOf(new TextEncoder().encode('other'))
const url = 'https://example.com/image.aci?arch=amd64'
const code = (expected: string): unknown => expect.objectContaining({ code: expected })

describe('records of fetches', () => {
  it('are found by URL, also by the next process', async () => {
    const folder = await temporaryFolder()
    const first = await openTestStore({ folder, clock: { now: () => 1000 } })
    expect(await first.httpRecords.get(url)).toBeUndefined()
    const record = { url, etag: '"abc"', lastModified: 'Sat, 29 Oct 1994 19:43:31 GMT', maxAgeMs: 500, digest }
    await first.httpRecords.put(record)
    const second = await openTestStore({ folder })
    expect(await second.httpRecords.get(url)).toEqual({
      ...record,
      expiresAt: new Date(1500),
      lastUsedAt: new Date(1000),
    })
  })

  it('are replaced as a whole, and have the expiry that is said', async () => {
    const { httpRecords } = await openTestStore()
    await httpRecords.put({ url, etag: '"abc"', maxAgeMs: 500, digest })
    await httpRecords.put({ url, digest: other, expiresAt: new Date(7) })
    expect(await httpRecords.list()).toEqual([
      { url, digest: other, expiresAt: new Date(7), lastUsedAt: expect.any(Date) },
    ])
  })

  it('say when they were used last', async () => {
    let now = 1000
    const { httpRecords } = await openTestStore({ clock: { now: () => now } })
    await httpRecords.put({ url, digest })
    now = 2000
    await httpRecords.touch(url)
    expect((await httpRecords.get(url))?.lastUsedAt).toEqual(new Date(2000))
    await httpRecords.delete(url)
    await expect(httpRecords.touch(url)).rejects.toEqual(code('NOT_FOUND'))
    await expect(httpRecords.delete(url)).rejects.toEqual(code('NOT_FOUND'))
    expect(await httpRecords.list()).toEqual([])
  })

  it('hold no user, no password and no fragment', async () => {
    const { httpRecords } = await openTestStore()
    const { url: stored } = await httpRecords.put({ url: 'https://me:secret@Example.com:443/a#part', digest })
    expect(stored).toBe('https://example.com/a')
    expect((await httpRecords.get('https://you@example.com/a#other'))?.digest).toBe(digest)
    await expect(httpRecords.delete('https://me:secret@example.com/b')).rejects.toThrow(
      'nothing is recorded of https://example.com/b',
    )
  })

  it('are refused where they are none', async () => {
    const { httpRecords } = await openTestStore()
    const wrong = [
      { url: 'no url' },
      { url: `https://example.com/${'x'.repeat(8192)}` },
      { etag: 'with\nline' },
      { lastModified: 'x'.repeat(8193) },
      { maxAgeMs: -1 },
      { maxAgeMs: Number.NaN },
      { expiresAt: new Date(Number.NaN) },
      { digest: 'sha256:abc' as typeof digest },
    ]
    for (const part of wrong)
      await expect(httpRecords.put({ url, digest, ...part })).rejects.toEqual(code('INVALID_DATA'))
    expect(await httpRecords.list()).toEqual([])
  })
})
