import { chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import { openStore, systemClock } from '../src/open-store.ts'
import { defaultStoreFolder } from '../src/store-folder.ts'
import { openTestStore } from './open-test-store.ts'
import { filesIn, temporaryFolder } from './temporary-folder.ts'

const target = { mediaType: 'a/b', digest: digestOf(new TextEncoder().encode('content')), size: 7 }
const code = (expected: string): unknown => expect.objectContaining({ code: expected })
const isRoot = process.getuid?.() === 0

describe('openStore', () => {
  it('makes a folder that is an image layout', async () => {
    const folder = join(await temporaryFolder(), 'not', 'there', 'yet')
    const store = await openTestStore({ folder })
    await store.images.create({ name: 'a', target })
    expect(store.folder).toBe(folder)
    expect(JSON.parse(await readFile(join(folder, 'oci-layout'), 'utf8'))).toEqual({ imageLayoutVersion: '1.0.0' })
    expect(JSON.parse(await readFile(join(folder, 'index.json'), 'utf8'))).toMatchObject({ schemaVersion: 2 })
  })

  it('makes none where it shall not, and leaves other folders alone', async () => {
    const folder = await temporaryFolder()
    await expect(openStore({ folder: join(folder, 'none'), create: false })).rejects.toEqual(code('NOT_FOUND'))
    await expect(openStore({ folder, create: false })).rejects.toEqual(code('NOT_FOUND'))
    await writeFile(join(folder, 'thesis.txt'), 'text')
    await expect(openStore({ folder })).rejects.toEqual(code('CONFLICT'))
    expect(await readdir(folder)).toEqual(['thesis.txt'])
    await expect(openStore({ folder: join(folder, 'thesis.txt') })).rejects.toEqual(code('CONFLICT'))
  })

  it('has the names from index.json when the database is lost, and loses only labels and leases', async () => {
    const folder = await temporaryFolder()
    {
      await using store = await openStore({ folder })
      await store.images.create({ name: 'registry.test/app:1', target, labels: { a: 'b' } })
      await store.leases.create()
    }
    await rm(join(folder, 'crossdock.db'))
    const store = await openTestStore({ folder })
    expect(await store.images.list()).toMatchObject([{ name: 'registry.test/app:1', target, labels: {} }])
    expect(await store.leases.list()).toEqual([])
  })

  it('says which file is damaged', async () => {
    const folder = await temporaryFolder()
    await (await openStore({ folder }))[Symbol.asyncDispose]()
    await writeFile(join(folder, 'crossdock.db'), 'text '.repeat(1000))
    await expect(openStore({ folder })).rejects.toMatchObject({
      code: 'INVALID_DATA',
      message: expect.stringContaining(join(folder, 'crossdock.db')),
    })
  })

  it('keeps the database where it is told to', async () => {
    const folder = await temporaryFolder()
    const database = join(await temporaryFolder(), 'other.db')
    await (await openStore({ folder, database }))[Symbol.asyncDispose]()
    expect(await readdir(folder)).not.toContain('crossdock.db')
    expect(await filesIn(join(database, '..'))).toEqual(['other.db'])
  })

  it('closes nothing with another look at the store', async () => {
    const store = await openTestStore()
    await store.namespace('other')[Symbol.asyncDispose]()
    expect(await store.images.list()).toEqual([])
    expect(() => store.namespace('../up')).toThrow(expect.objectContaining({ code: 'INVALID_DATA' }))
    await store[Symbol.asyncDispose]()
    await expect(store.images.list()).rejects.toEqual(code('CONFLICT'))
  })
})

async function readOnlyFolder(): Promise<string> {
  const folder = await temporaryFolder()
  await using store = await openStore({ folder })
  await store.images.create({ name: 'a', target, labels: { a: 'b' } })
  return folder
}

describe('a store that can only be read', () => {
  it('has names and labels, and takes over what others write', async () => {
    const folder = await readOnlyFolder()
    const before = await readdir(folder)
    const store = await openTestStore({ folder, readOnly: true })
    expect(await store.images.get('a')).toMatchObject({ target, labels: { a: 'b' } })
    expect(await readdir(folder)).toEqual(before)
    {
      await using writer = await openStore({ folder })
      await writer.images.create({ name: 'b', target })
    }
    expect((await store.images.list()).map(({ name }) => name)).toEqual(['a', 'b'])
    await expect(store.images.create({ name: 'c', target })).rejects.toEqual(code('IO'))
    await expect(store.images.delete('a')).rejects.toEqual(code('IO'))
    await expect(store.leases.create()).rejects.toEqual(code('IO'))
  })

  it('may be a layout of another program', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
    const annotations = { 'org.opencontainers.image.ref.name': 'app' }
    const manifest = { ...target, mediaType: 'application/vnd.oci.image.manifest.v1+json', annotations }
    await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }))
    const store = await openTestStore({ folder, readOnly: true })
    expect((await store.images.list()).map(({ name }) => name)).toEqual(['app'])
    expect(await readdir(folder)).toEqual(['index.json', 'oci-layout'])
    await expect(openStore({ folder: join(folder, 'none'), readOnly: true })).rejects.toEqual(code('NOT_FOUND'))
  })

  it.skipIf(isRoot || process.platform === 'win32')('is seen to be one', async () => {
    const folder = await readOnlyFolder()
    await chmod(folder, 0o555)
    const store = await openTestStore({ folder })
    expect(await store.images.list()).toHaveLength(1)
    await expect(store.images.delete('a')).rejects.toEqual(code('IO'))
    await chmod(folder, 0o755)
  })
})

describe('SOURCE_DATE_EPOCH', () => {
  it.each([
    ['0', 0],
    ['1700000000', 1_700_000_000_000],
    ['', undefined],
    ['-1', undefined],
    ['tomorrow', undefined],
    ['1.5', undefined],
  ])('%j means %s', (text, expected) => {
    expect(systemClock({ SOURCE_DATE_EPOCH: text }).fixed).toBe(expected)
  })

  it('is the time of records, and of nothing else', async () => {
    const { images, leases } = await openTestStore({ clock: { ...systemClock({}), fixed: 1000 } })
    const time = new Date(1000)
    expect(await images.create({ name: 'a', target })).toMatchObject({ createdAt: time, updatedAt: time })
    expect(await images.update({ name: 'a', target })).toMatchObject({ createdAt: time, updatedAt: time })
    expect((await leases.create()).createdAt.getTime()).toBeGreaterThan(Date.UTC(2020, 0))
  })
})

describe('defaultStoreFolder', () => {
  const home = join('/home', 'me')
  it.each([
    [{ CROSSDOCK_STORE: '/mine', XDG_DATA_HOME: '/data' }, 'linux', '/mine'],
    [{ XDG_DATA_HOME: '/data' }, 'linux', join('/data', 'crossdock', 'store')],
    [{ CROSSDOCK_STORE: '', XDG_DATA_HOME: '' }, 'darwin', join(home, '.local', 'share', 'crossdock', 'store')],
    [{ XDG_DATA_HOME: '/data', LOCALAPPDATA: 'C:\\local' }, 'win32', join('C:\\local', 'crossdock', 'store')],
    [{}, 'win32', join(home, 'AppData', 'Local', 'crossdock', 'store')],
  ] as const)('with %j on %s is %s', (env, platform, expected) => {
    expect(defaultStoreFolder({ env, platform, home })).toBe(expected)
  })
})
