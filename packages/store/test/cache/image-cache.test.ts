import { createReadStream } from 'node:fs'
import { chmod, rm, truncate } from 'node:fs/promises'
import { bytesAccess, indexArchive, indexTar, openDockerArchive, openOciArchive, readTar } from '@crossdock/archive'
import { createTransportRegistry, type Descriptor, digestOf, ImageError } from '@crossdock/core'
import { isAttestation, OCI_INDEX, parseManifest } from '@crossdock/formats'
import { memoryTransport, rootDescriptor, testImage, writeImage } from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { createImageCache, type ImageCache, openStore, type Store, storeTransport } from '../../src/index.ts'
import { storePaths } from '../../src/store-paths.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const INDEX = 'docker.io/library/multi3:1'
const ABSENT = digestOf(Buffer.from('absent'))

function fixture(name: string): AsyncIterable<Uint8Array> {
  return createReadStream(new URL(`../fixtures/linuxkit/${name}`, import.meta.url))
}

async function emptyCache(): Promise<ImageCache & { readonly store: Store }> {
  const store = await openStore({ folder: await temporaryFolder(), durability: 'fast' })
  const transports = createTransportRegistry([memoryTransport()])
  return createImageCache({
    store,
    transports,
    copy: () => Promise.reject(new ImageError('UNAVAILABLE', 'no network')),
  })
}

/** With the index of linux on amd64 and arm64 that linuxkit wrote. */
async function filledCache(): Promise<ImageCache> {
  const cache = await emptyCache()
  await cache.load(fixture('oci-index.tar'))
  return cache
}

async function bytesOf(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function put(cache: ImageCache, name: string, image = testImage()): Promise<Descriptor> {
  await writeImage(storeTransport({ store: cache.store }).parseReference(name), image)
  return rootDescriptor(image)
}

async function entriesOf(cache: ImageCache, target: Descriptor): Promise<readonly Descriptor[]> {
  const bytes = await bytesOf(await cache.content(target.digest))
  const parsed = parseManifest({ ...target, bytes })
  return parsed.kind === 'index' ? parsed.manifests : []
}

function pathOf({ store }: ImageCache, { digest }: Pick<Descriptor, 'digest'>): string {
  return storePaths(store.folder).blobs.pathOf(digest)
}

describe('what a name stands for', () => {
  it('is found by name, by what a digest says whatever the name, and by the digest of an instance', async () => {
    const cache = await filledCache()
    const target = await cache.findDescriptor(INDEX)
    expect(target?.mediaType).toBe(OCI_INDEX)
    expect(await cache.findDescriptor('multi3:1')).toEqual(target)
    expect(await cache.findDescriptor(`reg.example/x:1@${target?.digest}`)).toEqual(target)
    const [child] = await entriesOf(cache, target!)
    expect((await cache.findDescriptor(`reg.example/x@${child?.digest}`))?.digest).toBe(child?.digest)
  })

  it('is nothing for what is not there, and an error for what is no name', async () => {
    const cache = await filledCache()
    expect(await cache.findDescriptor('multi3')).toBeUndefined()
    expect(await cache.findDescriptor(`multi3:1@${ABSENT}`)).toBeUndefined()
    await expect(cache.findDescriptor('multi3:1@bad')).rejects.toMatchObject({ code: 'INVALID_REFERENCE' })
  })

  it('is the same with and without "latest"', async () => {
    const cache = await emptyCache()
    await put(cache, 'reg.example:5000/x')
    expect(await cache.findDescriptor('reg.example:5000/x:latest')).toBeDefined()
  })
})

describe('an image is in the cache', () => {
  it.each([
    ['linux/amd64', true],
    ['linux/arm64', true],
    ['linux/s390x', false],
  ])('of an index for %s: %s', async (platform, expected) => {
    expect(await (await filledCache()).inCache(INDEX, { platform })).toBe(expected)
  })

  it('if it is a single image for that platform, and not if it is for another', async () => {
    const cache = await emptyCache()
    await put(cache, 'single')
    expect(await cache.inCache('single', { platform: 'linux/amd64' })).toBe(true)
    expect(await cache.inCache('single', { platform: 'linux/arm64' })).toBe(false)
  })

  it('not if a layer is gone, cut off, or the image was never there', async () => {
    const cache = await emptyCache()
    const image = testImage()
    await put(cache, 'x', image)
    const path = pathOf(cache, image.blobs.at(-1)!.descriptor)
    await chmod(path, 0o644)
    await truncate(path, 10)
    expect(await cache.inCache('x', { platform: 'linux/amd64' })).toBe(false)
    await rm(path)
    expect(await cache.inCache('x', { platform: 'linux/amd64' })).toBe(false)
    expect(await cache.inCache('y', { platform: 'linux/amd64' })).toBe(false)
  })

  it('and need not be asked for', async () => {
    const cache = await filledCache()
    const pulled = await cache.pull(INDEX, { platforms: ['linux/arm64'] })
    expect(pulled).toMatchObject({ name: INDEX, isNew: false })
    await expect(
      cache.pull(INDEX, { platforms: ['linux/s390x'], from: memoryTransport().parseReference('x') }),
    ).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})

describe('an index that is written', () => {
  it('has the manifests in the order given, and takes more', async () => {
    const cache = await emptyCache()
    const amd64 = { ...(await put(cache, 'a')), platform: { os: 'linux', architecture: 'amd64' } }
    const arm64 = {
      ...(await put(cache, 'b', testImage({ seed: 'b' }))),
      platform: { os: 'linux', architecture: 'arm64' },
    }
    const newer = { ...(await put(cache, 'c', testImage({ seed: 'c' }))), platform: amd64.platform }
    const first = await cache.writeIndex('app:1', [amd64])
    expect(await entriesOf(cache, first)).toEqual([amd64])
    expect(await entriesOf(cache, await cache.writeIndex('app:1', [arm64]))).toEqual([amd64, arm64])
    const last = await cache.writeIndex('app:1', [newer])
    expect(await entriesOf(cache, last)).toEqual([newer, arm64])
    expect((await cache.findDescriptor('app:1'))?.digest).toBe(last.digest)
    expect(await cache.store.content.has(first.digest)).toBe(true)
  })

  it('by several at once has what each of them added', async () => {
    const cache = await emptyCache()
    const seeds = ['arm64', 's390x', 'riscv64', 'ppc64le', 'mips64le']
    const entries = await Promise.all(
      seeds.map(async (architecture) => {
        const target = await put(cache, architecture, testImage({ seed: architecture }))
        return { ...target, platform: { os: 'linux', architecture } }
      }),
    )
    await Promise.all(entries.map(async (entry) => await cache.writeIndex('app:1', [entry])))
    const written = await entriesOf(cache, (await cache.findDescriptor('app:1'))!)
    expect(new Set(written.map(({ digest }) => digest))).toEqual(new Set(entries.map(({ digest }) => digest)))
  })

  it('needs manifests that are there, and a name that is not a single image', async () => {
    const cache = await emptyCache()
    const target = await put(cache, 'single')
    await expect(cache.writeIndex('app:1', [])).rejects.toMatchObject({ code: 'INVALID_DATA' })
    await expect(cache.writeIndex('app:1', [{ ...target, digest: ABSENT }])).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
    await expect(cache.writeIndex('single', [target])).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(await cache.findDescriptor('app:1')).toBeUndefined()
  })
})

describe('a descriptor that is written', () => {
  it('is what the name stands for, if it is there', async () => {
    const cache = await emptyCache()
    const target = await put(cache, 'a')
    const given = Object.freeze({ ...target, annotations: Object.freeze({ x: 'y' }) })
    await cache.writeDescriptor('b', given)
    expect(await cache.findDescriptor('b')).toEqual(given)
    await expect(cache.writeDescriptor('c', { ...target, digest: ABSENT })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('an image as a source', () => {
  it('has the configuration of the platform', async () => {
    const cache = await filledCache()
    const source = await cache.source(INDEX, { platform: 'linux/arm64' })
    expect(await source.config()).toMatchObject({ os: 'linux', architecture: 'arm64' })
    await expect(cache.source(INDEX, { platform: 'linux/s390x' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(cache.source('nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('is a root filesystem in which opaque whiteouts hide what is below, everything once', async () => {
    const cache = await filledCache()
    const source = await cache.source(INDEX, { platform: 'linux/amd64' })
    const paths = await pathsOf(source.tar())
    const theirs = await pathsOf(fixture('flattened.tar'))
    expect(new Set(paths).size).toBe(paths.length)
    const files = theirs.filter((path) => path !== 'var/cache/a').toSorted()
    expect(paths.filter((path) => files.includes(path)).toSorted()).toEqual(files)
    expect(paths).not.toContain('var/cache/a')
  })

  it('is an archive for docker load, which loads again', async () => {
    const cache = await filledCache()
    const source = await cache.source(INDEX, { platform: 'linux/amd64' })
    const bytes = await bytesOf(source.dockerTar({ name: 'foo:1' }))
    const reference = storeTransport({ store: cache.store }).parseReference('x')
    const archive = await indexArchive(bytesAccess(bytes, 'the tar'), {})
    await using opened = await openDockerArchive(archive, { reference, selection: {}, maxUnpackedBytes: 1e9 })
    expect(opened).toBeDefined()
    const other = await emptyCache()
    expect((await other.load(one(bytes))).map(({ names }) => names)).toEqual([['docker.io/library/foo:1']])
    expect(await (await other.source('foo:1')).config()).toEqual(await source.config())
  })

  it('is an OCI archive of the image, whose entry says what it is', async () => {
    const cache = await filledCache()
    const source = await cache.source(INDEX, { platform: 'linux/amd64' })
    const bytes = await bytesOf(source.ociTar())
    const reference = storeTransport({ store: cache.store }).parseReference('x')
    const archive = await indexArchive(bytesAccess(bytes, 'the tar'), {})
    await using opened = await openOciArchive(archive, { reference, selection: {} })
    expect(await opened.getManifest()).toMatchObject({
      mediaType: source.descriptor.mediaType,
      digest: source.descriptor.digest,
    })
    const other = await emptyCache()
    expect((await other.load(one(bytes)))[0]).toMatchObject({
      names: [INDEX],
      target: { digest: source.descriptor.digest },
    })
  })

  it('is an OCI archive of the index with every blob once', async () => {
    const cache = await filledCache()
    const bytes = await bytesOf((await cache.source(INDEX)).ociTar())
    const index = await indexTar(bytesAccess(bytes, 'the tar'))
    expect(index.duplicates.size).toBe(0)
    const other = await emptyCache()
    await other.load(one(bytes))
    expect(await other.findDescriptor(INDEX)).toEqual(await cache.findDescriptor(INDEX))
  })

  it('as an archive ends with an error if a layer is gone or the index is not whole', async () => {
    const cache = await filledCache()
    const source = await cache.source(INDEX, { platform: 'linux/amd64' })
    const manifest = parseManifest({
      ...source.descriptor,
      bytes: await bytesOf(await cache.content(source.descriptor.digest)),
    })
    const layer = manifest.kind === 'image' ? manifest.layers[0]! : source.descriptor
    await rm(pathOf(cache, layer))
    await expect(bytesOf(source.dockerTar())).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(bytesOf(source.ociTar())).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(bytesOf(source.tar())).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(bytesOf((await cache.source(INDEX)).ociTar())).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('has the bills of materials of the builder', async () => {
    const cache = await filledCache()
    const amd64 = await cache.source(INDEX, { platform: 'linux/amd64' })
    expect(await amd64.sboms()).toEqual([
      { predicateType: 'https://spdx.dev/Document', predicate: { spdxVersion: 'SPDX-2.3', name: 'one' } },
    ])
    expect(await amd64.sboms({ predicateTypes: ['https://slsa.dev/provenance/v1'] })).toEqual([])
    expect(await (await cache.source(INDEX, { platform: 'linux/arm64' })).sboms()).toEqual([])
    await put(cache, 'single')
    expect(await (await cache.source('single')).sboms()).toEqual([])
  })

  it('with two attestations of one image has none that could be believed', async () => {
    const cache = await filledCache()
    const entries = await entriesOf(cache, (await cache.findDescriptor(INDEX))!)
    const attestation = entries.find((entry) => isAttestation(entry))!
    const other = await put(cache, 'other', testImage({ seed: 'other' }))
    await cache.writeIndex(INDEX, [{ ...attestation, ...other }])
    const source = await cache.source(INDEX, { platform: 'linux/amd64' })
    await expect(source.sboms()).rejects.toMatchObject({ code: 'INVALID_DATA' })
  })
})

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function pathsOf(tar: AsyncIterable<Uint8Array>): Promise<readonly string[]> {
  const paths: string[] = []
  for await (const { entry } of readTar(tar)) paths.push(entry.path.replace(/\/$/, ''))
  return paths
}
