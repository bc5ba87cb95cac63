import { describe, expect, it } from 'vitest'
import { type TestFinder, testFinder } from './test-finder.ts'

const A = 'appc:example.com/a'
const B = 'appc:example.com/b'
const NOW = { minAgeMs: 0 }

async function filled(): Promise<TestFinder> {
  const finder = await testFinder()
  await finder.put({ name: 'example.com/a', dependencies: ['example.com/b'] })
  await finder.put({ name: 'example.com/b' })
  await finder.find(A)
  return finder
}

describe('when the store is collected', () => {
  it('images stay, and the archives that they were made of', async () => {
    const finder = await filled()
    const before = { names: await finder.names(), blobs: await finder.blobs() }
    await finder.store.collect(NOW)
    expect({ names: await finder.names(), blobs: await finder.blobs() }).toEqual(before)
    finder.shelf.images.delete(B)
    finder.opened()
    await expect(finder.find(A)).resolves.toMatchObject({ isFetched: false })
    await finder.put({ name: 'example.com/c', dependencies: ['example.com/b'] })
    await expect(finder.find('appc:example.com/c')).resolves.toMatchObject({ isFetched: true, dependencies: [] })
    expect(finder.opened()).toEqual(['appc:example.com/c'])
  })

  it('of an image whose name was deleted all goes', async () => {
    const finder = await filled()
    for (const name of [A, B]) {
      const { reference } = await finder.find(name, { pullPolicy: 'never' })
      await reference.delete?.()
    }
    await finder.store.collect(NOW)
    expect(await finder.store.images.list()).toEqual([])
    expect(await finder.blobs()).toBe(0)
  })

  it('of one that was replaced all goes that the new one has not', async () => {
    const finder = await testFinder()
    await finder.put({ name: 'example.com/b', content: 'old' })
    await finder.find(B)
    const blobs = await finder.blobs()
    await finder.put({ name: 'example.com/b', content: 'new' })
    await finder.find(B, { pullPolicy: 'update' })
    expect(await finder.blobs()).toBeGreaterThan(blobs)
    await finder.store.collect(NOW)
    expect(await finder.blobs()).toBe(blobs)
    await expect(finder.find(B, { pullPolicy: 'never' })).resolves.toMatchObject({ name: B })
  })
})
