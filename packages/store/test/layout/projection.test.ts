import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf, type Descriptor } from '@crossdock/core'
import { OCI_MANIFEST } from '@crossdock/formats'
import { describe, expect, it } from 'vitest'
import { openStore } from '../../src/open-store.ts'
import type { Store } from '../../src/store.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const REF_NAME = 'org.opencontainers.image.ref.name'
const IMAGE_NAME = 'io.containerd.image.name'

interface Entry extends Descriptor {
  readonly [unknown: string]: unknown
}

interface Index {
  readonly manifests: readonly Entry[]
  readonly [unknown: string]: unknown
}

function target(text: string): Descriptor {
  const bytes = new TextEncoder().encode(text)
  return { mediaType: OCI_MANIFEST, digest: digestOf(bytes), size: bytes.byteLength }
}

function entry(name: string, text: string): Entry {
  return { ...target(text), annotations: { [REF_NAME]: name } }
}

async function open(folder: string): Promise<Store> {
  return await openStore({ folder, durability: 'fast', clock: { now: () => Date.now() } })
}

async function readIndex(folder: string): Promise<Index> {
  return JSON.parse(await readFile(join(folder, 'index.json'), 'utf8'))
}

async function writeIndex(folder: string, index: Index): Promise<void> {
  await writeFile(join(folder, 'index.json'), JSON.stringify(index))
}

/** As another program does. */
async function editIndex(folder: string, edit: (entries: readonly Entry[]) => readonly Entry[]): Promise<void> {
  const index = await readIndex(folder)
  await writeIndex(folder, { ...index, manifests: edit(index.manifests) })
}

function namesOf({ manifests }: Index): readonly (string | undefined)[] {
  return manifests.map(({ annotations }) => annotations?.[REF_NAME])
}

async function namesIn(store: Store): Promise<readonly string[]> {
  return (await store.images.list()).map(({ name }) => name)
}

describe('names in index.json', () => {
  it('come there with both annotations, in the order of the names', async () => {
    const folder = await temporaryFolder()
    await using store = await open(folder)
    await store.images.create({ name: 'example.com/b:1', target: target('b') })
    await store.images.create({ name: 'example.com/a:1', target: { ...target('a'), annotations: { colour: 'red' } } })
    const index = await readIndex(folder)
    expect(namesOf(index)).toEqual(['example.com/a:1', 'example.com/b:1'])
    expect(index.manifests[0]).toEqual({
      ...target('a'),
      annotations: { colour: 'red', [REF_NAME]: 'example.com/a:1', [IMAGE_NAME]: 'example.com/a:1' },
    })
    expect(JSON.parse(await readFile(join(folder, 'oci-layout'), 'utf8'))).toEqual({ imageLayoutVersion: '1.0.0' })
  })

  it('go and change with the records', async () => {
    const folder = await temporaryFolder()
    await using store = await open(folder)
    await store.images.create({ name: 'a', target: target('1') })
    await store.images.create({ name: 'b', target: target('1') })
    await store.images.put({ name: 'a', target: target('2') })
    await store.images.delete('b')
    const index = await readIndex(folder)
    expect(index.manifests.map(({ digest }) => digest)).toEqual([target('2').digest])
  })

  it('are those of the default namespace only', async () => {
    const folder = await temporaryFolder()
    await using store = await open(folder)
    await store.namespace('other').images.create({ name: 'a', target: target('1') })
    await store.namespace('default').images.create({ name: 'b', target: target('1') })
    expect(namesOf(await readIndex(folder))).toEqual(['b'])
  })

  it('are all there after many changes at once', async () => {
    const folder = await temporaryFolder()
    await using store = await open(folder)
    await using other = await open(folder)
    const names = Array.from({ length: 20 }, (_, number) => `image${String(number).padStart(2, '0')}`)
    await Promise.all(
      names.map(async (name, place) => {
        await (place % 2 === 0 ? store : other).images.create({ name, target: target(name) })
        expect(namesOf(await readIndex(folder))).toContain(name)
      }),
    )
    expect(namesOf(await readIndex(folder))).toEqual(names)
    expect(await namesIn(store)).toEqual(names)
    expect(await namesIn(other)).toEqual(names)
  })

  it('come back when the database is lost, without labels', async () => {
    const folder = await temporaryFolder()
    {
      await using store = await open(folder)
      await store.images.create({
        name: 'a',
        target: { ...target('1'), artifactType: 'x/y' },
        labels: { colour: 'red' },
      })
    }
    for (const suffix of ['', '-wal', '-shm']) await rm(join(folder, `crossdock.db${suffix}`), { force: true })
    await using store = await open(folder)
    expect(await store.images.get('a')).toMatchObject({
      target: { ...target('1'), artifactType: 'x/y' },
      labels: {},
    })
  })

  it('are written again when the file is lost', async () => {
    const folder = await temporaryFolder()
    await using store = await open(folder)
    await store.images.create({ name: 'a', target: target('1') })
    await rm(join(folder, 'index.json'))
    expect(await namesIn(store)).toEqual(['a'])
    expect(namesOf(await readIndex(folder))).toEqual(['a'])
  })
})

describe('what other programs do to index.json', () => {
  it('is taken over: new, changed and removed entries', async () => {
    const folder = await temporaryFolder()
    await using store = await open(folder)
    await store.images.create({ name: 'kept', target: target('kept'), labels: { colour: 'red' } })
    await store.images.create({ name: 'removed', target: target('removed') })
    await editIndex(folder, (entries) => entries.filter(({ digest }) => digest !== target('removed').digest))
    expect(await namesIn(store)).toEqual(['kept'])
    await editIndex(folder, (entries) => [...entries, entry('new', 'new')])
    expect((await store.images.get('new')).target).toEqual(target('new'))
    await editIndex(folder, () => [entry('kept', 'changed'), entry('new', 'new')])
    expect(await store.images.get('kept')).toMatchObject({ target: target('changed'), labels: { colour: 'red' } })
  })

  it('does not undo what it did not know of', async () => {
    const folder = await temporaryFolder()
    await using store = await open(folder)
    await store.images.create({ name: 'a', target: target('a') })
    await store.images.create({ name: 'moved', target: target('a') })
    const seen = await readIndex(folder)
    await store.images.create({ name: 'b', target: target('b') })
    await store.images.put({ name: 'moved', target: target('b') })
    await writeIndex(folder, { ...seen, manifests: [...seen.manifests, entry('c', 'c')] })
    expect(await namesIn(store)).toEqual(['a', 'b', 'c', 'moved'])
    expect((await store.images.get('moved')).target).toEqual(target('b'))
    const index = await readIndex(folder)
    expect(namesOf(index)).toEqual(['a', 'b', 'c', 'moved'])
    expect(index.manifests[3]).toMatchObject(target('b'))
  })

  it('may make a name stand again for what it stood for before', async () => {
    const folder = await temporaryFolder()
    await using store = await open(folder)
    await store.images.create({ name: 'a', target: target('1') })
    await store.images.put({ name: 'a', target: target('2') })
    await editIndex(folder, () => [entry('a', '1')])
    expect((await store.images.get('a')).target).toEqual(target('1'))
  })

  it('keeps fields and entries that are not known here', async () => {
    const folder = await temporaryFolder()
    await using store = await open(folder)
    await store.images.create({ name: 'b', target: target('b') })
    const foreign = [
      { ...target('z'), note: 'mine' },
      { digest: 'md5:x', odd: [1.0, 12345678901234567890n.toString()] },
      { ...target('y'), annotations: { [REF_NAME]: '' } },
    ]
    const text = JSON.stringify({
      schemaVersion: 2,
      annotations: { owner: 'me' },
      manifests: [...foreign, { ...entry('b', 'b'), more: { a: 1 } }],
    })
    await writeFile(join(folder, 'index.json'), text)
    await store.images.create({ name: 'a', target: target('a') })
    await store.images.update({ name: 'b', target: { ...target('b'), annotations: { x: 'y' } } }, ['annotations.x'])
    const { manifests, ...rest } = await readIndex(folder)
    expect(rest).toEqual({ schemaVersion: 2, annotations: { owner: 'me' } })
    expect(manifests.slice(2)).toEqual(foreign)
    expect(manifests[1]).toMatchObject({ more: { a: 1 }, annotations: { x: 'y', [REF_NAME]: 'b' } })
  })

  it('names an image by its full name, or by what a copy of the entry was called', async () => {
    const folder = await temporaryFolder()
    await using store = await open(folder)
    const full = 'example.com/a:latest'
    await store.images.create({ name: 'z', target: target('z') })
    await editIndex(folder, (entries) => [
      { ...target('1'), annotations: { [REF_NAME]: 'latest', [IMAGE_NAME]: full } },
      { ...target('2'), annotations: { [REF_NAME]: 'other', [IMAGE_NAME]: full } },
      { ...target('3'), annotations: { [IMAGE_NAME]: 'alone' } },
      ...entries,
    ])
    expect(await namesIn(store)).toEqual(['alone', full, 'other', 'z'])
    await store.images.delete(full)
    expect(namesOf(await readIndex(folder))).toEqual([undefined, 'other', 'z'])
  })

  it('takes the appended one of two entries with one name', async () => {
    const folder = await temporaryFolder()
    await using store = await open(folder)
    await store.images.create({ name: 'a', target: target('1') })
    await editIndex(folder, (entries) => [...entries, entry('a', '2')])
    expect((await store.images.get('a')).target).toEqual(target('2'))
    await editIndex(folder, (entries) => [entry('a', '3'), ...entries.slice(1)])
    expect((await store.images.get('a')).target).toEqual(target('3'))
    await store.images.put({ name: 'a', target: target('4') })
    expect((await readIndex(folder)).manifests.map(({ digest }) => digest)).toEqual([target('4').digest])
  })

  it('is refused while it is no index, and waited for while it is half written', async () => {
    const folder = await temporaryFolder()
    await using store = await open(folder)
    await store.images.create({ name: 'a', target: target('1') })
    const whole = await readFile(join(folder, 'index.json'))
    await writeFile(join(folder, 'index.json'), whole.subarray(0, 20))
    await expect(store.images.list()).rejects.toMatchObject({
      code: 'INVALID_DATA',
      message: expect.stringContaining('index.json'),
    })
    const names = namesIn(store)
    await writeFile(join(folder, 'index.json'), whole)
    expect(await names).toEqual(['a'])
  })
})

describe('opening', () => {
  it('refuses a folder with other things, and makes none if it is not to', async () => {
    const folder = await temporaryFolder()
    await expect(openStore({ folder: join(folder, 'none'), create: false })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
    await writeFile(join(folder, 'letter.txt'), 'dear')
    await expect(openStore({ folder })).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(openStore({ folder: join(folder, 'letter.txt') })).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  it('refuses a layout of another version', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"2.0.0"}')
    await expect(openStore({ folder })).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })

  it('takes over a layout that is there', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'blobs', 'sha256'), { recursive: true })
    await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
    await writeIndex(folder, { schemaVersion: 2, manifests: [entry('a', '1'), { ...target('2') }] })
    await using store = await open(folder)
    expect(await namesIn(store)).toEqual(['a'])
    expect((await readIndex(folder)).manifests).toHaveLength(2)
  })
})
