import { copyImage } from '@crossdock/copy'
import { createTransportRegistry, type Descriptor, ImageError } from '@crossdock/core'
import { startRegistry, type RegistryServer } from '@crossdock/registry-server'
import { createImageCache, type ImageCache, openStore } from '@crossdock/store'
import { dockerTransport } from '@crossdock/transport-docker'
import { rootDescriptor, testImage, testIndex, writeImage } from '@crossdock/transport-testkit'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../src/temporary-folder.ts'

let stack: AsyncDisposableStack
let registry: RegistryServer
let cache: ImageCache

beforeEach(async () => {
  stack = new AsyncDisposableStack()
  registry = stack.use(await startRegistry())
  cache = await freshCache()
})
afterEach(() => stack.disposeAsync())

const docker = dockerTransport()

async function freshCache(): Promise<ImageCache> {
  const folder = stack.use(await temporaryFolder()).fresh('store')
  const store = stack.use(await openStore({ folder, durability: 'fast' }))
  return createImageCache({ store, transports: createTransportRegistry([docker]), copy: copyImage })
}

/** A name of the registry. */
function named(text: string): string {
  return `${registry.host}/${text}`
}

async function publish(text: string, image = testIndex()): Promise<Descriptor> {
  await writeImage(docker.parseReference(`//${named(text)}`), image)
  return rootDescriptor(image)
}

async function remoteDigest(text: string): Promise<string | undefined> {
  await using source = await docker.parseReference(`//${named(text)}`).openSource()
  return (await source.getManifest()).digest
}

async function remotePlatforms(text: string): Promise<readonly string[]> {
  await using source = await docker.parseReference(`//${named(text)}`).openSource()
  const { manifests } = JSON.parse(Buffer.from((await source.getManifest()).bytes).toString()) as {
    manifests: { platform: { architecture: string; variant?: string } }[]
  }
  return manifests.map(({ platform: { architecture, variant = '' } }) => architecture + variant)
}

function blobsAskedFor(): number {
  return registry.requests.filter(({ method, path }) => method === 'GET' && path.includes('/blobs/')).length
}

function refuse(): never {
  throw new ImageError('REJECTED_BY_POLICY', 'not this one')
}

describe('a pull', () => {
  it('keeps the index as it is and brings one platform; the next one asks nobody', async () => {
    const target = await publish('app:1')
    const pulled = await cache.pull(named('app:1'), { platforms: ['linux/arm64'] })
    expect(pulled).toMatchObject({ name: named('app:1'), isNew: true, target: { digest: target.digest } })
    expect(await cache.inCache(named('app:1'), { platform: 'linux/arm64' })).toBe(true)
    expect(await cache.inCache(named('app:1'), { platform: 'linux/amd64' })).toBe(false)
    const before = registry.counters.requests
    expect(await cache.pull(named('app:1'), { platforms: ['linux/arm64'] })).toMatchObject({ isNew: false })
    expect(registry.counters.requests).toBe(before)
  })

  it('of a further platform fetches what is missing and no more', async () => {
    await publish('app:1')
    await cache.pull(named('app:1'), { platforms: ['linux/arm64'] })
    const before = blobsAskedFor()
    await cache.pull(named('app:1'), { platforms: ['linux/amd64', 'linux/arm64'] })
    expect(blobsAskedFor() - before).toBe(2) // configuration and layer
    expect(await cache.inCache(named('app:1'), { platform: 'linux/amd64' })).toBe(true)
  })

  it('heals what was lost', async () => {
    const image = testImage()
    await publish('app:1', image)
    await cache.pull(named('app:1'), { platforms: ['linux/amd64'] })
    const [algorithm = '', hex = ''] = image.blobs.at(-1)!.descriptor.digest.split(':')
    await rm(join(cache.store.folder, 'blobs', algorithm, hex))
    expect(await cache.pull(named('app:1'), { platforms: ['linux/amd64'] })).toMatchObject({ isNew: true })
    expect(await cache.inCache(named('app:1'), { platform: 'linux/amd64' })).toBe(true)
  })

  it('asks always if that is wanted, and sees that the tag moved', async () => {
    await publish('app:1')
    await cache.pull(named('app:1'), { platforms: 'all' })
    const moved = await publish('app:1', testIndex({ seed: 'moved' }))
    expect(await cache.pull(named('app:1'), { platforms: 'all' })).toMatchObject({ isNew: false })
    const pulled = await cache.pull(named('app:1'), { platforms: 'all', always: true })
    expect(pulled).toMatchObject({ isNew: true, target: { digest: moved.digest } })
    expect(await cache.pull(named('app:1'), { platforms: 'all', always: true })).toMatchObject({ isNew: false })
  })

  it('of a platform that there is none for fails, and names nothing', async () => {
    await publish('app:1')
    await publish('single:1', testImage())
    for (const name of ['app:1', 'single:1']) {
      const pulling = cache.pull(named(name), { platforms: ['linux/s390x'] })
      await expect(pulling).rejects.toMatchObject({ code: 'NOT_FOUND' })
    }
    expect(await cache.store.images.list()).toEqual([])
  })

  it('that is refused fetches nothing and names nothing', async () => {
    await publish('app:1')
    await expect(cache.pull(named('app:1'), { admit: refuse })).rejects.toMatchObject({ code: 'REJECTED_BY_POLICY' })
    expect(await cache.findDescriptor(named('app:1'))).toBeUndefined()
    expect(blobsAskedFor()).toBe(0)
  })

  it('gives up its lease, whatever becomes of it', async () => {
    await publish('app:1')
    await cache.pull(named('app:1'))
    await expect(cache.pull(named('nothing:1'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await cache.store.leases.list()).toEqual([])
  })
})

describe('what a registry has', () => {
  it('is told for a platform', async () => {
    await publish('app:1')
    await publish('single:1', testImage())
    expect(await cache.inRegistry(named('app:1'))).toBe(true)
    expect(await cache.inRegistry(named('app:1'), { platform: 'linux/arm64' })).toBe(true)
    expect(await cache.inRegistry(named('app:1'), { platform: 'linux/s390x' })).toBe(false)
    expect(await cache.inRegistry(named('single:1'), { platform: 'linux/amd64' })).toBe(true)
    expect(await cache.inRegistry(named('single:1'), { platform: 'linux/arm64' })).toBe(false)
    expect(await cache.inRegistry(named('nothing:1'))).toBe(false)
  })

  it('is not told by a registry that fails', async () => {
    registry.faults.add({ match: { route: 'manifest' }, action: { kind: 'respond', status: 403 } })
    await expect(cache.inRegistry(named('app:1'))).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })
})

/** An index that was published and pulled. */
async function pullApp(platforms: 'all' | readonly string[] = 'all', image = testIndex()): Promise<Descriptor> {
  await publish('app:1', image)
  return (await cache.pull(named('app:1'), { platforms })).target
}

describe('a push', () => {
  it('sends an index with all that it lists, once', async () => {
    const { digest } = await pullApp()
    expect(await cache.push(named('app:1'), { to: named('copy:1') })).toMatchObject({ digest, isNew: true })
    expect(await remoteDigest('copy:1')).toBe(digest)
    expect(await cache.push(named('app:1'), { to: named('copy:1') })).toMatchObject({ digest, isNew: false })
  })

  it('leaves another image that is there, or replaces it', async () => {
    const { digest } = await pullApp()
    const other = await publish('copy:1', testIndex({ seed: 'other' }))
    await expect(cache.push(named('app:1'), { to: named('copy:1') })).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(await remoteDigest('copy:1')).toBe(other.digest)
    await cache.push(named('app:1'), { to: named('copy:1'), existing: 'override' })
    expect(await remoteDigest('copy:1')).toBe(digest)
  })

  it('merges with what is there, and leaves the store as it is', async () => {
    await pullApp()
    const s390x = { os: 'linux', architecture: 's390x' }
    await publish('copy:1', testIndex({ seed: 'old', platforms: [{ os: 'linux', architecture: 'amd64' }, s390x] }))
    const before = await cache.store.images.list()
    const pushed = await cache.push(named('app:1'), { to: named('copy:1'), existing: 'merge' })
    expect(await remoteDigest('copy:1')).toBe(pushed.digest)
    expect(await remotePlatforms('copy:1')).toEqual(['amd64', 'arm64v8', 's390x'])
    expect(await cache.store.images.list()).toEqual(before)
    const other = await freshCache()
    await other.pull(named('copy:1'), { platforms: 'all' })
    const again = await cache.push(named('app:1'), { to: named('copy:1'), existing: 'merge' })
    expect(again).toMatchObject({ digest: pushed.digest, isNew: false })
  })

  it('of an index that is not whole refuses, or sends an index of what is there', async () => {
    await pullApp(['linux/arm64'])
    await expect(cache.push(named('app:1'), { to: named('copy:1') })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await cache.push(named('app:1'), { to: named('copy:1'), sparse: 'rewrite' })
    expect(await remotePlatforms('copy:1')).toEqual(['arm64v8'])
    const other = await freshCache()
    await other.pull(named('copy:1'), { platforms: 'all' })
  })

  it('gives each platform a tag of its own', async () => {
    const platforms = ['v6', 'v7'].map((variant) => ({ os: 'linux', architecture: 'arm', variant }))
    await pullApp('all', testIndex({ platforms: [{ os: 'linux', architecture: 'amd64' }, ...platforms] }))
    const { platformTags } = await cache.push(named('app:1'), { to: named('copy:1'), platformTags: true })
    expect(platformTags).toEqual(['amd64', 'armv6', 'armv7'].map((name) => `docker://${named(`copy:1-${name}`)}`))
    const digests = await Promise.all(['armv6', 'armv7'].map((name) => remoteDigest(`copy:1-${name}`)))
    expect(new Set(digests).size).toBe(2)
  })

  it('sends a single image, and joins it with another to an index', async () => {
    const image = testImage()
    const target = await publish('app:1', image)
    await cache.pull(named('app:1'), { platforms: ['linux/amd64'] })
    expect(await cache.push(named('app:1'), { to: named('copy:1') })).toMatchObject({ digest: target.digest })
    await publish('other:1', testImage({ seed: 'arm', platform: { os: 'linux', architecture: 'arm64' } }))
    await cache.push(named('app:1'), { to: named('other:1'), existing: 'merge' })
    expect(await remotePlatforms('other:1')).toEqual(['amd64', 'arm64'])
  })

  it('of what is not in the store fails', async () => {
    await expect(cache.push(named('nothing:1'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})
