import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Digest, digestOf } from '@crossdock/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openStore, type OpenStoreOptions } from '../../src/open-store.ts'
import type { Store } from '../../src/store.ts'
import { storePaths } from '../../src/store-paths.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const BYTES = new Uint8Array(3000).fill(7)
const DIGEST = digestOf(BYTES)
const BLOB = { mediaType: 'application/octet-stream', digest: DIGEST, size: BYTES.byteLength }

async function newStore(options: OpenStoreOptions = {}): Promise<Store> {
  const store = await openStore({ folder: await temporaryFolder(), ...options })
  onTestFinished(() => store[Symbol.asyncDispose]())
  return store
}

async function bringIn({ content }: Store, ref = 'blob', bytes = BYTES): Promise<Digest> {
  await using ingest = await content.ingest({ ref })
  await ingest.write(bytes.subarray(ingest.status().offset))
  return (await ingest.commit()).info.digest
}

function blobPath({ folder }: Store): string {
  return storePaths(folder).blobs.pathOf(DIGEST)
}

function ingestPath({ folder }: Store, ref: string): string {
  return join(folder, 'ingest', createHash('sha256').update(ref).digest('hex'))
}

function makePipe(path: string): void {
  execFileSync('sh', ['-c', 'mkfifo "$0"', path])
}

/** What may lie where a file should. */
const STRANGERS: readonly (readonly [name: string, make: (path: string) => Promise<void> | void])[] = [
  ['a pipe', makePipe],
  ['a link to a file', (path) => writeFile(`${path}.real`, BYTES).then(() => symlink(`${path}.real`, path))],
  ['a link to nothing', (path) => symlink('/nowhere/at/all', path)],
  ['a folder', (path) => mkdir(path).then(() => undefined)],
]

describe.each(STRANGERS)('%s in place of a blob', (name, make) => {
  it('is no blob, and is never read', async () => {
    const store = await newStore()
    await mkdir(dirname(blobPath(store)), { recursive: true })
    await make(blobPath(store))
    expect(await store.content.has(DIGEST)).toBe(false)
    await expect(store.content.info(DIGEST)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    for (const read of [() => store.content.open(DIGEST), () => store.content.read(BLOB)])
      await expect(read()).rejects.toMatchObject({ code: expect.stringMatching(/^(?:INVALID_DATA|NOT_FOUND)$/) })
    for await (const info of store.content.list()) expect(info).toBeUndefined()
  })

  it.skipIf(name === 'a folder')('is replaced by the blob', async () => {
    const store = await newStore()
    await mkdir(dirname(blobPath(store)), { recursive: true })
    await make(blobPath(store))
    await bringIn(store)
    expect((await stat(blobPath(store))).isFile()).toBe(true)
    expect(await readFile(blobPath(store))).toStrictEqual(Buffer.from(BYTES))
  })
})

describe.each(STRANGERS)('%s in place of the bytes of an ingest', (_, make) => {
  it('is thrown away, and nothing outside is touched', async () => {
    const store = await newStore()
    await (await store.content.ingest({ ref: 'x' }))[Symbol.asyncDispose]()
    const data = join(ingestPath(store, 'x'), 'data')
    await rm(data)
    await make(data)
    for await (const status of store.content.ingests()) expect(status).toBeUndefined()
    await expect(store.content.status('x')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await bringIn(store, 'x')).toBe(DIGEST)
  })
})

describe('what lies in the folder of ingests', () => {
  it('is passed over if it is none, and hides no other', async () => {
    const store = await newStore()
    await (await store.content.ingest({ ref: 'good' }))[Symbol.asyncDispose]()
    const folder = dirname(ingestPath(store, 'good'))
    await writeFile(join(folder, 'a-file'), 'x')
    await symlink('/nowhere', join(folder, 'a-link'))
    makePipe(join(folder, 'a-pipe'))
    await mkdir(join(folder, 'empty'))
    for (const note of ['', '{', 'null', '[]', '{"ref":"good"}', '{"ref":1}', 'x'.repeat(100_000)]) {
      const bad = ingestPath(store, `bad-${note.length}`)
      await mkdir(bad)
      await writeFile(join(bad, 'ingest.json'), note)
      await writeFile(join(bad, 'data'), 'left')
    }
    const refs: string[] = []
    for await (const { ref } of store.content.ingests()) refs.push(ref)
    expect(refs).toStrictEqual(['good'])
  })

  it('is begun again with nothing if it cannot be gone on with', async () => {
    const store = await newStore()
    const first = await store.content.ingest({ ref: 'torn' })
    await first.write(BYTES)
    await first[Symbol.asyncDispose]()
    await writeFile(join(ingestPath(store, 'torn'), 'ingest.json'), '{"ref":"to')
    await using again = await store.content.ingest({ ref: 'torn' })
    expect(again.status().offset).toBe(0)
    await again.write(BYTES.subarray(0, 3))
    expect((await again.commit()).info).toMatchObject({ size: 3, digest: digestOf(BYTES.subarray(0, 3)) })
  })

  it('is refused where the ingest would be, if it is a link or a file', async () => {
    const store = await newStore()
    const outside = await temporaryFolder()
    await bringIn(store)
    await symlink(outside, ingestPath(store, 'linked'))
    await expect(store.content.ingest({ ref: 'linked' })).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(await readdir(outside)).toStrictEqual([])
    await writeFile(ingestPath(store, 'file'), 'x')
    await expect(store.content.ingest({ ref: 'file' })).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  it('does not count beyond what was flushed, after the machine was started again', async () => {
    const store = await newStore()
    const first = await store.content.ingest({ ref: 'restarted' })
    await first.write(BYTES)
    await first[Symbol.asyncDispose]()
    const note = join(ingestPath(store, 'restarted'), 'ingest.json')
    const written: unknown = JSON.parse(await readFile(note, 'utf8'))
    await writeFile(note, JSON.stringify({ ...Object(written), place: '00000000', flushed: 1000 }))
    await using again = await store.content.ingest({ ref: 'restarted' })
    expect(again.status().offset).toBe(1000)
    expect(again.digest()).toBe(digestOf(BYTES.subarray(0, 1000)))
  })

  it('is noticed if others write to the bytes of an open ingest', async () => {
    const store = await newStore()
    const ingest = await store.content.ingest({ ref: 'meddled' })
    await ingest.write(BYTES)
    await writeFile(join(ingestPath(store, 'meddled'), 'data'), 'more', { flag: 'a' })
    await expect(ingest.commit()).rejects.toMatchObject({ code: 'INVALID_DATA' })
    expect(await store.content.has(DIGEST)).toBe(false)
  })

  it('belongs to whoever took it over from one that seemed dead', async () => {
    const store = await newStore()
    const stalled = await store.content.ingest({ ref: 'taken' })
    await stalled.write(BYTES)
    const folder = ingestPath(store, 'taken')
    const [owner = ''] = (await readdir(folder)).filter((name) => name.startsWith('owner.'))
    const elsewhere = owner.replace(/-[0-9a-f]{8}\./, '-00000000.')
    await rename(join(folder, owner), join(folder, elsewhere))
    await expect(store.content.ingest({ ref: 'taken' })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await utimes(join(folder, elsewhere), new Date(0), new Date(0))
    await using next = await store.content.ingest({ ref: 'taken' })
    expect(next.status().offset).toBe(0)
    await expect(stalled.commit()).rejects.toMatchObject({ code: 'CONFLICT', retryable: true })
    await next.write(BYTES)
    expect((await next.commit()).info.digest).toBe(DIGEST)
  })
})

describe('a damaged blob', () => {
  it('is replaced by whoever brings it in', async () => {
    const store = await newStore()
    await bringIn(store)
    await chmod(blobPath(store), 0o644)
    await writeFile(blobPath(store), BYTES.subarray(1))
    await using ingest = await store.content.ingest({ ref: 'again', digest: DIGEST })
    await ingest.write(BYTES)
    expect(await ingest.commit()).toMatchObject({ existed: false })
    expect(await readFile(blobPath(store))).toStrictEqual(Buffer.from(BYTES))
  })
})

describe('a folder that cannot be written to', () => {
  it('is read, and told of where something is brought in', async () => {
    const written = await newStore()
    await bringIn(written)
    await written[Symbol.asyncDispose]()
    const store = await newStore({ folder: written.folder, readOnly: true })
    expect(await store.content.info(DIGEST)).toMatchObject({ size: BYTES.byteLength })
    await using handle = await store.content.open(DIGEST)
    expect(await handle.readAt(new Uint8Array(10), 0)).toBe(10)
    const listed: Digest[] = []
    for await (const { digest } of store.content.list()) listed.push(digest)
    expect(listed).toStrictEqual([DIGEST])
    await expect(store.content.delete(DIGEST)).rejects.toMatchObject({ code: 'IO' })
  })
})

describe('a clock that goes back', () => {
  it('turns no times round', async () => {
    let now = Date.now()
    const store = await newStore({ clock: { now: () => now } })
    const ingest = await store.content.ingest({ ref: 'clock' })
    const { startedAt } = ingest.status()
    now -= 1_000_000
    await ingest.write(BYTES)
    expect(ingest.status().updatedAt.getTime()).toBeGreaterThanOrEqual(startedAt.getTime())
    await ingest[Symbol.asyncDispose]()
    const status = await store.content.status('clock')
    expect(status.updatedAt.getTime()).toBeGreaterThanOrEqual(status.startedAt.getTime())
    await using again = await store.content.ingest({ ref: 'clock' })
    const { info } = await again.commit()
    now -= 1_000_000
    const updated = await store.content.update(info.digest, { a: 'b' })
    expect(updated.updatedAt.getTime()).toBeGreaterThanOrEqual(updated.createdAt.getTime())
  })
})
