import type { OperationOptions } from '@crossdock/core'
import { hostPlatform } from '@crossdock/formats'
import { testImage } from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { createDependencies, fetchDependency } from '../src/dependencies.ts'
import { aciOf } from './archives.ts'
import { createShelf, type Lying } from './shelf.ts'
import { failure, testFinder } from './test-finder.ts'

const A = 'appc:example.com/a'
const B = 'appc:example.com/b'
const IMAGE = 'docker://team/app:1'

/** Aborts when it is opened, and waits until that is noticed. */
function aborting(controller: AbortController): (operation: OperationOptions) => Promise<Lying> {
  return async ({ signal }) => {
    const { promise, reject } = Promise.withResolvers<never>()
    signal?.addEventListener('abort', () => reject(signal.reason))
    controller.abort(new Error('enough'))
    return await promise
  }
}

describe('a search that is aborted', () => {
  it.each([IMAGE, A])('while %s is opened ends with the reason', async (name) => {
    const controller = new AbortController()
    const finder = await testFinder()
    finder.shelf.images.set(name, aborting(controller))
    await expect(finder.find(name, { signal: controller.signal })).rejects.toThrow('enough')
    expect(await finder.names()).toEqual({})
  })

  it('while what the image depends on is opened closes it', async () => {
    const controller = new AbortController()
    const finder = await testFinder()
    await finder.put({ name: 'example.com/a', dependencies: ['example.com/b'] })
    finder.shelf.images.set(B, aborting(controller))
    await expect(finder.find(A, { signal: controller.signal })).rejects.toThrow('enough')
    expect(finder.opened()).toEqual([A, B])
    expect(finder.shelf.openNow).toBe(0)
    expect(await finder.names()).toEqual({})
  })

  it('while an image is judged leaves no name', async () => {
    const controller = new AbortController()
    const finder = await testFinder({ [IMAGE]: { image: testImage({ platform: hostPlatform() }) } })
    const admit = (): void => controller.abort(new Error('enough'))
    await expect(finder.find(IMAGE, { signal: controller.signal, admit })).rejects.toThrow('enough')
    expect(await finder.names()).toEqual({})
  })

  it('before it begins opens nothing', async () => {
    const finder = await testFinder()
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(finder.find(IMAGE, { signal })).rejects.toThrow('enough')
    expect(finder.opened()).toEqual([])
  })

  it('closes what is opened too late', async () => {
    const shelf = createShelf()
    const name = Promise.withResolvers<Lying>()
    shelf.images.set(B, async () => await name.promise)
    const reference = shelf.transport('appc').parseReference('example.com/b')
    const dependencies = createDependencies({
      async open() {
        return await fetchDependency(reference, { asking: reference })
      },
    })
    const finding = dependencies.find({ imageName: 'example.com/b', labels: [] })
    await dependencies[Symbol.asyncDispose]()
    name.resolve({ archive: await aciOf({ name: 'example.com/b' }) })
    await expect(finding).rejects.toThrow(failure('CONFLICT', B))
    expect(shelf.openNow).toBe(0)
  })
})

describe('two at once', () => {
  it.each([IMAGE, A])('find %s', async (name) => {
    const finder = await testFinder({ [IMAGE]: { image: testImage({ platform: hostPlatform() }) } })
    await finder.put({ name: 'example.com/a', dependencies: ['example.com/b'] })
    await finder.put({ name: 'example.com/b' })
    const [one, other] = await Promise.all([finder.find(name), finder.find(name)])
    expect(one.target).toEqual(other.target)
    finder.opened()
    await expect(finder.find(name, { pullPolicy: 'never' })).resolves.toMatchObject({ target: one.target })
    const findings: string[] = []
    for await (const { message } of finder.store.verify()) findings.push(message)
    expect(findings).toEqual([])
  })

  it('that find different images leave one of them, known for what it is', async () => {
    const finder = await testFinder()
    const archives = await Promise.all(
      ['one', 'other'].map(async (content) => ({ archive: await aciOf({ name: 'example.com/a', content }) })),
    )
    const coming = archives.values()
    finder.shelf.images.set(A, async () => coming.next().value ?? 'NOT_FOUND')
    await Promise.all([finder.find(A, { pullPolicy: 'update' }), finder.find(A, { pullPolicy: 'update' })])
    const { target, labels } = await finder.store.images.get(A)
    finder.shelf.images.set(A, archives[0] ?? 'NOT_FOUND')
    const found = await finder.find(A)
    // Either the labels are those of what the name stands for, or it is fetched again.
    expect(labels['io.appc.image.target'] === target.digest).toBe(!found.isFetched)
  })
})
