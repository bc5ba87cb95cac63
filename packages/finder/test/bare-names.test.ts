import { hostPlatform } from '@crossdock/formats'
import { testImage } from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { aciOf } from './archives.ts'
import { failure, type TestFinder, testFinder } from './test-finder.ts'

const APP = 'appc:example.com/app'
const IMAGE = 'docker://example.com/app'
const image = testImage({ platform: hostPlatform() })
const archive = await aciOf({ name: 'example.com/app' })

/** A finder to which a name without a transport may mean an App Container Image, and then an image of a registry. */
async function both(lying: Parameters<typeof testFinder>[0]): Promise<TestFinder> {
  return await testFinder(lying, { bareNames: (text) => [`appc:${text}`, `docker://${text}`] })
}

describe('a name without a transport', () => {
  it('is the first that is there', async () => {
    const finder = await both({ [APP]: { archive }, [IMAGE]: { image } })
    await expect(finder.find('example.com/app')).resolves.toMatchObject({ name: APP, isFetched: true })
    expect(finder.opened()).toEqual([APP])
  })

  it('is the next if the first is not there', async () => {
    const finder = await both({ [IMAGE]: { image } })
    const found = await finder.find('example.com/app')
    expect(found).toMatchObject({ name: 'example.com/app:latest', isFetched: true })
    expect(found.from?.transport.name).toBe('docker')
    expect(finder.opened()).toEqual([APP, IMAGE])
  })

  it('is what the store has of all that it may be, before anything is asked', async () => {
    const finder = await both({ [IMAGE]: { image } })
    await finder.find(IMAGE)
    finder.shelf.images.set(APP, { archive })
    finder.opened()
    await expect(finder.find('example.com/app')).resolves.toMatchObject({ name: 'example.com/app:latest' })
    expect(finder.opened()).toEqual([])
    await expect(finder.find('example.com/app', { pullPolicy: 'update' })).resolves.toMatchObject({ name: APP })
    await expect(finder.find('example.com/app')).resolves.toMatchObject({ name: APP })
  })

  it.each(['UNAVAILABLE', 'FORBIDDEN', 'INVALID_DATA'] as const)('is no other for %s', async (code) => {
    const finder = await both({ [APP]: code, [IMAGE]: { image } })
    await expect(finder.find('example.com/app')).rejects.toThrow(failure(code, APP))
    expect(finder.opened()).toEqual([APP])
    expect(await finder.names()).toEqual({})
  })

  it.each(['never', 'new', 'update'] as const)('that is nowhere has all reasons: %s', async (pullPolicy) => {
    const finder = await both({})
    const finding = finder.find('example.com/app', { pullPolicy })
    await expect(finding).rejects.toThrow(failure('NOT_FOUND', APP))
    await expect(finding).rejects.toThrow(failure('NOT_FOUND', IMAGE))
    expect(finder.opened()).toEqual(pullPolicy === 'never' ? [] : [APP, IMAGE])
  })

  it('is one of a registry by default', async () => {
    const finder = await testFinder({ [IMAGE]: { image } })
    await expect(finder.find('example.com/app')).resolves.toMatchObject({ name: 'example.com/app:latest' })
  })

  it('has to be of some transport', async () => {
    const finder = await testFinder({}, { bareNames: async () => [] })
    await expect(finder.find('example.com/app')).rejects.toThrow(failure('INVALID_REFERENCE', 'example.com/app'))
  })
})
