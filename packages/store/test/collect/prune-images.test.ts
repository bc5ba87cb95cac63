import { expect, it } from 'vitest'
import type { Store } from '../../src/store.ts'
import { openTestStore } from '../open-test-store.ts'
import { putBytes, putManifest } from './put-content.ts'
import { OCI_LAYER_TAR } from '@crossdock/formats'

const HOUR_MS = 60 * 60 * 1000

interface TestStore {
  readonly store: Store
  pass(ms: number): void
}

async function makeStore(): Promise<TestStore> {
  let offset = 0
  const store = await openTestStore({ clock: { now: () => Date.now() + offset } })
  return {
    store,
    pass: (ms) => {
      offset += ms
    },
  }
}

/** An image with one layer of that size, which others may share. */
async function addImage(store: Store, name: string, { layer = name, bytes = 10_000 } = {}): Promise<void> {
  const content = new Uint8Array(bytes).fill(layer.charCodeAt(0))
  const layers = [await putBytes(store, content, OCI_LAYER_TAR)]
  await store.images.create({ name, target: await putManifest(store, { name, layers }) })
}

async function namesIn(store: Store): Promise<readonly string[]> {
  return (await store.images.list()).map(({ name }) => name)
}

it('removes images that were not used for long, and what only they needed', async () => {
  const { store, pass } = await makeStore()
  for (const name of ['a', 'b', 'c']) {
    await addImage(store, name)
    pass(HOUR_MS)
  }
  await store.images.markUsed('a')
  pass(HOUR_MS)
  const planned = await store.prune({ unusedForMs: 2 * HOUR_MS, dryRun: true })
  expect(planned).toMatchObject({ names: ['b', 'c'], blobs: 6, images: [] })
  expect(await namesIn(store)).toEqual(['a', 'b', 'c'])
  expect(await store.prune({ unusedForMs: 2 * HOUR_MS })).toEqual(planned)
  expect(await namesIn(store)).toEqual(['a'])
})

it('removes the least recently used until the rest fits', async () => {
  const { store, pass } = await makeStore()
  for (const name of ['a', 'b', 'c', 'd']) {
    await addImage(store, name)
    pass(HOUR_MS)
  }
  await store.images.markUsed('b')
  pass(HOUR_MS)
  const planned = await store.prune({ maxBytes: 23_000, dryRun: true })
  expect(planned).toMatchObject({ names: ['a', 'c'], blobs: 6 })
  expect(await store.prune({ maxBytes: 23_000 })).toEqual(planned)
  expect(await namesIn(store)).toEqual(['b', 'd'])
  expect(await store.prune({ maxBytes: 23_000 })).toMatchObject({ names: [], blobs: 0 })
  expect(await store.prune({ maxBytes: 0 })).toMatchObject({ names: ['d', 'b'] })
})

it('counts what images share once', async () => {
  const { store, pass } = await makeStore()
  for (const name of ['a', 'b', 'c']) {
    await addImage(store, name, { layer: 'shared', bytes: 20_000 })
    pass(HOUR_MS)
  }
  expect(await store.prune({ maxBytes: 23_000 })).toMatchObject({ names: [] })
})

it('counts what has to stay, and spares what filters and other namespaces keep', async () => {
  const { store, pass } = await makeStore()
  await addImage(store, 'pinned')
  await addImage(store.namespace('other'), 'x')
  pass(HOUR_MS)
  await addImage(store, 'a1')
  pass(HOUR_MS)
  await addImage(store, 'a2', { layer: 'z' })
  pass(HOUR_MS)
  expect(await store.prune({ maxBytes: 33_000, filters: ['name~=^a'] })).toMatchObject({ names: ['a1'] })
  expect(await namesIn(store)).toEqual(['a2', 'pinned'])
  expect(await namesIn(store.namespace('other'))).toEqual(['x'])
})

it('counts what refers to an image as the image', async () => {
  const { store, pass } = await makeStore()
  await addImage(store, 'a')
  const { target } = await store.images.get('a')
  const layers = [await putBytes(store, new Uint8Array(30_000).fill(1), OCI_LAYER_TAR)]
  await putManifest(store, { name: 'signature', layers, subject: target })
  pass(2 * HOUR_MS)
  expect(await store.prune({ maxBytes: 30_000, dryRun: true })).toMatchObject({ names: ['a'], blobs: 6 })
  expect(await store.prune({ maxBytes: 50_000, dryRun: true })).toMatchObject({ names: [] })
})

it('goes by age and size together', async () => {
  const { store, pass } = await makeStore()
  for (const name of ['a', 'b', 'c']) {
    await addImage(store, name)
    pass(HOUR_MS)
  }
  expect(await store.prune({ unusedForMs: 3 * HOUR_MS, maxBytes: 13_000, dryRun: true })).toMatchObject({
    names: ['a', 'b'],
  })
})

it('leaves what was used after it was chosen to go', async () => {
  const { store, pass } = await makeStore()
  await addImage(store, 'a')
  pass(3 * HOUR_MS)
  const [pruned] = await Promise.all([store.prune({ unusedForMs: 2 * HOUR_MS }), store.images.markUsed('a')])
  expect(pruned.names).toEqual((await namesIn(store)).includes('a') ? [] : ['a'])
})

it('has to be told an age or a size', async () => {
  const { store } = await makeStore()
  await expect(store.prune({ filters: ['name==a'] })).rejects.toMatchObject({ code: 'INVALID_DATA' })
  await expect(store.prune({ maxBytes: -1 })).rejects.toMatchObject({ code: 'INVALID_DATA' })
  await expect(store.prune({ maxBytes: 1, filters: ['name=='] })).rejects.toMatchObject({ code: 'INVALID_DATA' })
})
