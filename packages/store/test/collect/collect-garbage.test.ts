import { mkdir, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Descriptor, digestEncoded, digestOf } from '@crossdock/core'
import { OCI_LAYER_TAR, OCI_MANIFEST } from '@crossdock/formats'
import { describe, expect, it } from 'vitest'
import { openStore } from '../../src/open-store.ts'
import type { Store } from '../../src/store.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { putBytes, putIndex, putLayer, putManifest } from './put-content.ts'

const HOUR_MS = 60 * 60 * 1000
const NOW = { minAgeMs: 0 }

interface TestStore {
  readonly folder: string
  readonly store: Store
  /** Puts the store's clock forward. */
  pass(ms: number): void
}

async function makeStore(): Promise<TestStore> {
  const folder = await temporaryFolder()
  let offset = 0
  const clock = { now: () => Date.now() + offset }
  const store = await openStore({ folder, durability: 'fast', clock })
  return {
    folder,
    store,
    pass: (ms) => {
      offset += ms
    },
  }
}

async function blobsIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(join(folder, 'blobs', 'sha256')).catch(() => [])
  return names.map((name) => `sha256:${name}`).toSorted()
}

function sorted(descriptors: readonly Descriptor[]): readonly string[] {
  return descriptors.map(({ digest }) => digest).toSorted()
}

async function configOf(folder: string, manifest: Descriptor): Promise<Descriptor> {
  const text = await readFile(join(folder, 'blobs', 'sha256', digestEncoded(manifest.digest)), 'utf8')
  const { config }: { config: Descriptor } = JSON.parse(text)
  return config
}

describe('what stays', () => {
  it('is all that an image leads to, in any namespace', async () => {
    const { folder, store } = await makeStore()
    await using _ = store
    const [a, b, c] = [await putLayer(store, 'a'), await putLayer(store, 'b'), await putLayer(store, 'c')]
    const one = await putManifest(store, { name: 'one', layers: [a] })
    const two = await putManifest(store, { name: 'two', layers: [b] })
    const index = await putIndex(store, [one])
    await store.images.create({ name: 'one', target: index })
    await store.namespace('other').images.create({ name: 'two', target: two })
    const collected = await store.collect(NOW)
    expect(collected).toMatchObject({ blobs: 1, bytes: c.size, digests: [c.digest], kept: { image: 7 } })
    const configs = [await configOf(folder, one), await configOf(folder, two)]
    expect(await blobsIn(folder)).toEqual(sorted([a, b, one, two, index, ...configs]))
    expect(await store.content.has(c.digest)).toBe(false)
  })

  it('is what a lease lists, until it expires', async () => {
    const { folder, store, pass } = await makeStore()
    await using _ = store
    const lease = await store.leases.create({ ttlMs: HOUR_MS, id: 'pull' })
    const leased = store.withLease(lease)
    const layer = await putLayer(leased, 'a')
    await store.collect(NOW)
    expect(await blobsIn(folder)).toEqual([layer.digest])
    pass(2 * HOUR_MS)
    expect(await store.collect(NOW)).toMatchObject({ blobs: 1, leases: [{ namespace: 'default', id: 'pull' }] })
    expect(await blobsIn(folder)).toEqual([])
    expect(await store.leases.list()).toEqual([])
  })

  it('is what a leased manifest leads to, unless the lease is flat', async () => {
    const { folder, store } = await makeStore()
    await using _ = store
    const layer = await putLayer(store, 'a')
    const manifest = await putManifest(store, { name: 'a', layers: [layer] })
    const other = await putLayer(store, 'b')
    const flat = await putManifest(store, { name: 'b', layers: [other] })
    const lease = await store.leases.create()
    await store.leases.add(lease.id, { kind: 'content', id: manifest.digest })
    const flatLease = await store.leases.create({ flat: true })
    await store.leases.add(flatLease.id, { kind: 'content', id: flat.digest })
    const configs = [await configOf(folder, manifest), await configOf(folder, flat)]
    const collected = await store.collect(NOW)
    expect([...collected.digests].toSorted()).toEqual(sorted([other, ...configs.slice(1)]))
  })

  it('is young', async () => {
    const { folder, store, pass } = await makeStore()
    await using _ = store
    const layer = await putLayer(store, 'a')
    expect(await store.collect()).toMatchObject({ blobs: 0, kept: { young: 1 } })
    pass(HOUR_MS / 2)
    await putLayer(store, 'a') // relied on again
    pass((HOUR_MS * 2) / 3)
    expect(await store.collect()).toMatchObject({ blobs: 0 })
    expect(await blobsIn(folder)).toEqual([layer.digest])
    pass(HOUR_MS)
    expect(await store.collect()).toMatchObject({ blobs: 1 })
  })

  it('is listed in index.json by other programs, whatever it is', async () => {
    const { folder, store } = await makeStore()
    await using _ = store
    await store.images.list()
    const manifest = await putManifest(store, { name: 'a', layers: [await putLayer(store, 'a')] })
    const odd = await putLayer(store, 'odd')
    const manifests = [manifest, { digest: odd.digest, annotations: 7 }]
    await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }))
    expect(await store.collect(NOW)).toMatchObject({ blobs: 0, kept: { index: 4 } })
  })

  it('refers to what stays, and goes with it', async () => {
    const { folder, store } = await makeStore()
    await using _ = store
    const subject = await putManifest(store, { name: 'subject' })
    const signature = await putManifest(store, { name: 'signature', layers: [await putLayer(store, 's')], subject })
    await putManifest(store, { name: 'timestamp', subject: signature })
    await store.images.create({ name: 'a', target: subject })
    expect(await store.collect(NOW)).toMatchObject({ blobs: 0, kept: { image: 2, referrer: 5 } })
    await store.images.delete('a', { collect: false })
    expect(await store.collect(NOW)).toMatchObject({ blobs: 7 })
    expect(await blobsIn(folder)).toEqual([])
  })

  it('is what an unfinished ingest is to become', async () => {
    const { folder, store } = await makeStore()
    await using _ = store
    const layer = await putLayer(store, 'a')
    const bytes = new TextEncoder().encode('layer a')
    {
      await using ingest = await store.namespace('other').content.ingest({ ref: 'r', digest: digestOf(bytes) })
      expect(ingest.ref).toBe('r')
    }
    expect(await store.collect(NOW)).toMatchObject({ blobs: 0, kept: { ingest: 1 } })
    expect(await blobsIn(folder)).toEqual([layer.digest])
  })

  it('does not hang on content that is missing or damaged', async () => {
    const { folder, store } = await makeStore()
    await using _ = store
    const layer = await putLayer(store, 'a')
    const missing = { mediaType: OCI_MANIFEST, digest: digestOf(new TextEncoder().encode('?')), size: 1 }
    const manifest = await putManifest(store, { name: 'a', layers: [layer, missing] })
    const index = await putIndex(store, [missing, manifest])
    await store.images.create({ name: 'a', target: index })
    const path = join(folder, 'blobs', 'sha256', digestEncoded(manifest.digest))
    const text = await readFile(path, 'utf8')
    await rm(path)
    await writeFile(path, text.replace('"schemaVersion":2', '"schemaVersion":"?"'))
    expect(await store.collect(NOW)).toMatchObject({ blobs: 0 })
  })
})

describe('labels', () => {
  it('make roots and references, both ways', async () => {
    const { folder, store } = await makeStore()
    await using _ = store
    const leaf = await putLayer(store, 'leaf')
    const root = await putLayer(store, 'root', {
      'containerd.io/gc.root': 'x',
      'containerd.io/gc.ref.content.0': leaf.digest,
    })
    const derived = await putLayer(store, 'derived', { 'containerd.io/gc.bref.content': root.digest })
    const back = await putLayer(store, 'back', { 'containerd.io/gc.ref.content/l': root.digest })
    const wrong = await putLayer(store, 'wrong', { 'containerd.io/gc.ref.contentbad': root.digest })
    const collected = await store.collect(NOW)
    expect([...collected.digests].toSorted()).toEqual(sorted([back, wrong]))
    expect(await blobsIn(folder)).toEqual(sorted([leaf, root, derived]))
  })

  it('let images expire, unless another keeps them', async () => {
    const { folder, store, pass } = await makeStore()
    await using _ = store
    const expiry = new Date(Date.now() + HOUR_MS).toISOString()
    const labels = { 'containerd.io/gc.expire': expiry }
    const layers = await Promise.all(['a', 'b', 'c', 'd'].map((name) => putLayer(store, name)))
    const [a, b, c, d] = layers
    if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error('four layers')
    await store.images.create({ name: 'a', target: a, labels })
    await store.images.create({ name: 'b', target: b, labels })
    await store.images.create({ name: 'c', target: c, labels: { ...labels, 'containerd.io/gc.bref.image': 'd' } })
    await store.images.create({ name: 'd', target: d, labels: { 'containerd.io/gc.ref.image.x': 'b' } })
    expect(await store.collect(NOW)).toMatchObject({ blobs: 0, images: [] })
    pass(2 * HOUR_MS)
    expect(await store.collect(NOW)).toMatchObject({
      digests: [a.digest],
      images: [{ namespace: 'default', name: 'a' }],
    })
    expect((await store.images.list()).map(({ name }) => name)).toEqual(['b', 'c', 'd'])
    const { manifests }: { manifests: unknown[] } = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8'))
    expect(manifests).toHaveLength(3)
  })
})

describe('ingests', () => {
  it('go when nobody has come back for them', async () => {
    const { folder, store, pass } = await makeStore()
    await using _ = store
    const lease = await store.leases.create({ ttlMs: 100 * HOUR_MS })
    await (await store.content.ingest({ ref: 'old' }))[Symbol.asyncDispose]()
    await (await store.withLease(lease).content.ingest({ ref: 'leased' }))[Symbol.asyncDispose]()
    await using open = await store.content.ingest({ ref: 'open' })
    await mkdir(join(folder, 'ingest', 'nonsense'))
    expect(await store.collect(NOW)).toMatchObject({ ingests: 0 })
    pass(25 * HOUR_MS)
    expect(await store.collect({ ...NOW, dryRun: true })).toMatchObject({ ingests: 2 })
    expect(await store.collect(NOW)).toMatchObject({ ingests: 2 })
    const refs: string[] = []
    for await (const { ref } of store.content.ingests()) refs.push(ref)
    expect(refs.toSorted()).toEqual(['leased', open.ref])
  })
})

describe('collecting', () => {
  it('only says what it would do when it is a dry run', async () => {
    const { folder, store, pass } = await makeStore()
    await using _ = store
    const layer = await putLayer(store, 'a')
    await store.leases.create({ ttlMs: HOUR_MS })
    pass(2 * HOUR_MS)
    expect(await store.collect({ dryRun: true })).toMatchObject({ digests: [layer.digest], leases: [{}] })
    expect(await blobsIn(folder)).toEqual([layer.digest])
    expect(await store.leases.list()).toHaveLength(1)
  })

  it('leaves files that are no blobs, and removes what a killed sweep moved away', async () => {
    const { folder, store } = await makeStore()
    await using _ = store
    const layer = await putLayer(store, 'a')
    const blobs = join(folder, 'blobs', 'sha256')
    await writeFile(join(blobs, 'notes.txt'), 'x')
    await symlink('/nonexistent', join(blobs, 'f'.repeat(64)))
    const gone = join(folder, '.crossdock', 'gone.999999999-1-00000000.abc')
    await mkdir(gone)
    await utimes(gone, 1, 1)
    expect(await store.collect(NOW)).toMatchObject({ digests: [layer.digest] })
    expect((await readdir(blobs)).toSorted()).toEqual(['f'.repeat(64), 'notes.txt'])
    expect((await readdir(join(folder, '.crossdock'))).filter((name) => name.startsWith('gone.'))).toEqual([])
  })

  it('stops where it is when it is aborted', async () => {
    const { folder, store } = await makeStore()
    await using _ = store
    await putLayer(store, 'a')
    const controller = new AbortController()
    controller.abort(new Error('enough'))
    await expect(store.collect({ ...NOW, signal: controller.signal })).rejects.toThrow('enough')
    expect(await blobsIn(folder)).toHaveLength(1)
  })

  it('spares what is named or leased between its look and its sweep', async () => {
    const { folder, store } = await makeStore()
    await using _ = store
    await using other = await openStore({ folder, durability: 'fast' })
    const layers: Descriptor[] = []
    for (let number = 0; number < 40; number += 1) layers.push(await putLayer(store, String(number)))
    const [named, leased] = [layers[3], layers[37]]
    if (named === undefined || leased === undefined) throw new Error('forty layers')
    const lease = await other.leases.create()
    const collecting = store.collect(NOW)
    await Promise.all([
      other.images.create({ name: 'late', target: named }),
      other.leases.add(lease.id, { kind: 'content', id: leased.digest }),
    ])
    const had = (await other.content.has(named.digest)) ? [named] : []
    const alsoHad = (await other.content.has(leased.digest)) ? [leased] : []
    await collecting
    expect(await blobsIn(folder)).toEqual(sorted([...had, ...alsoHad]))
  })

  it('forgets records of content whose files others removed', async () => {
    const { folder, store } = await makeStore()
    await using _ = store
    const layer = await putBytes(store, new Uint8Array([1, 2, 3]), OCI_LAYER_TAR)
    await rm(join(folder, 'blobs', 'sha256', digestEncoded(layer.digest)))
    expect(await store.collect(NOW)).toMatchObject({ blobs: 0, bytes: 0 })
    await writeFile(join(folder, 'blobs', 'sha256', digestEncoded(layer.digest)), new Uint8Array([1, 2, 3]))
    expect((await store.content.info(layer.digest)).labels).toEqual({})
  })
})
