import { ImageError, type Descriptor, type ProgressEvent } from '@crossdock/core'
import {
  memoryTransport,
  rootDescriptor,
  testArtifact,
  testBlob,
  type TestImage,
  testImage,
  testIndex,
  testManifest,
  withReferrers,
  wrapTransport,
} from '@crossdock/transport-testkit'
import { expect, test } from 'vitest'
import { copyImage, type CopyOptions } from '../src/index.ts'

const INDEX = 'application/vnd.oci.image.index.v1+json'
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'

function indexOf(entries: readonly object[], images: readonly TestImage[]): TestImage {
  const root = testManifest({ schemaVersion: 2, mediaType: INDEX, manifests: entries }, { mediaType: INDEX })
  const blobs = images.flatMap((image) => image.blobs)
  return { root, manifests: [...images.flatMap(({ manifests }) => manifests), root], blobs }
}

function copyAll(image: TestImage) {
  const [memory, target] = [memoryTransport(), memoryTransport()]
  memory.store.put('from:1', image)
  const copy = copyImage(memory.parseReference('from:1'), target.parseReference('to:1'), { platforms: 'all' })
  return { copy, target }
}

test('the largest blob moves first', async () => {
  const [memory, target] = [memoryTransport(), memoryTransport()]
  const image = testImage({ layers: 1 })
  memory.store.put('from:1', image)
  await copyImage(memory.parseReference('from:1'), target.parseReference('to:1'), { concurrency: 1 })
  const sizes = memory.store.blobOpens.map(({ digest }) => memory.store.blob('from:1', digest)?.byteLength ?? 0)
  expect(sizes).toHaveLength(2)
  expect(sizes).toEqual(sizes.toSorted((a, b) => b - a))
})

test('how far a blob has moved is told, and not with every chunk', async () => {
  const [memory, target] = [memoryTransport({ chunkBytes: 100 }), memoryTransport()]
  memory.store.put('from:1', testImage({ layers: 1, layerBytes: 100_000 }))
  const events: ProgressEvent[] = []
  await copyImage(memory.parseReference('from:1'), target.parseReference('to:1'), {
    onProgress: (event) => event.type === 'blob:bytes' && events.push(event),
  })
  expect(events.length).toBeGreaterThan(0)
  expect(events.length).toBeLessThan(500)
})

test('content in an index that is no manifest travels as a blob', async () => {
  const image = testImage()
  const loose = testBlob(new TextEncoder().encode('loose'), { mediaType: 'text/plain' })
  const index = indexOf([rootDescriptor(image), loose.descriptor], [{ ...image, blobs: [...image.blobs, loose] }])
  const { copy, target } = copyAll(index)
  await copy
  expect(target.store.blob('to:1', loose.descriptor.digest)).toEqual(loose.bytes)
})

test('a blob with two sizes is refused', async () => {
  const image = testImage({ layers: 1 })
  const [config, layer] = image.blobs.map(({ descriptor }) => descriptor)
  if (layer === undefined) throw new Error('an image without layers')
  const other = testManifest(
    { schemaVersion: 2, mediaType: MANIFEST, config, layers: [{ ...layer, size: layer.size + 1 }] },
    { mediaType: MANIFEST },
  )
  const liar: TestImage = { root: other, manifests: [other], blobs: [] }
  const { copy } = copyAll(indexOf([rootDescriptor(image), rootDescriptor(liar)], [image, liar]))
  await expect(copy).rejects.toMatchObject({ code: 'INVALID_DATA', message: expect.stringContaining('two sizes') })
})

test('a manifest that is not as large as its index says is refused', async () => {
  const image = testImage()
  const entry: Descriptor = { ...rootDescriptor(image), size: image.root.bytes.byteLength + 1 }
  const { copy, target } = copyAll(indexOf([entry], [image]))
  await expect(copy).rejects.toMatchObject({ code: 'INVALID_DATA' })
  expect(target.store.has('to')).toBe(false)
})

test.each(['all', 'one'] as const)('what is wrong with a manifest is told with the source (%s)', async (choice) => {
  const [memory, target] = [memoryTransport(), memoryTransport()]
  const broken = testManifest({ schemaVersion: 2, mediaType: MANIFEST, layers: null }, { mediaType: MANIFEST })
  const entry = { mediaType: MANIFEST, digest: broken.digest, size: broken.bytes.byteLength }
  for (const image of [
    { root: broken, manifests: [broken], blobs: [] },
    indexOf([entry], [{ root: broken, manifests: [broken], blobs: [] }]),
  ]) {
    memory.store.put('from:1', image)
    const options = choice === 'all' ? ({ platforms: 'all' } as const) : {}
    await expect(
      copyImage(memory.parseReference('from:1'), target.parseReference('to:1'), options),
    ).rejects.toMatchObject({
      code: 'INVALID_DATA',
      message: expect.stringContaining('config: must be an object, but is missing'),
      side: 'source',
      image: 'memory:from:1',
    })
  }
})

test('an unknown platform and indexes that are nested too deep are told with the source', async () => {
  const [memory, target] = [memoryTransport(), memoryTransport()]
  const told = { side: 'source', image: 'memory:from:1' }
  const copy = (options: CopyOptions) =>
    copyImage(memory.parseReference('from:1'), target.parseReference('to:1'), options)
  let index = testIndex()
  memory.store.put('from:1', index)
  await expect(copy({ platform: 'plan9/mips' })).rejects.toMatchObject({ code: 'NOT_FOUND', ...told })
  await expect(copy({ platforms: ['plan9/*'] })).rejects.toMatchObject({ code: 'NOT_FOUND', ...told })
  for (let level = 0; level < 9; level += 1) index = indexOf([rootDescriptor(index)], [index])
  memory.store.put('from:1', index)
  await expect(copy({})).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED', ...told })
  await expect(copy({ platforms: 'all' })).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED', ...told })
})

test('a type that the destination does not take is refused before anything moves', async () => {
  const [memory, target] = [memoryTransport(), memoryTransport({ destinationTraits: { manifestTypes: [INDEX] } })]
  memory.store.put('from:1', testIndex())
  const copy = copyImage(memory.parseReference('from:1'), target.parseReference('to:1'), { platforms: 'all' })
  await expect(copy).rejects.toMatchObject({ code: 'UNSUPPORTED', side: 'destination' })
  expect(memory.store.blobOpens).toEqual([])
})

test('a manifest whose type nobody told is written under the one that it says', async () => {
  const [memory, target] = [memoryTransport(), memoryTransport()]
  memory.store.put('from:1', testImage())
  const from = wrapTransport(memory, {
    source: (source) => ({
      ...source,
      getManifest: async (...values) => ({ ...(await source.getManifest(...values)), mediaType: '' }),
    }),
  })
  const { digest } = await copyImage(from.parseReference('from:1'), target.parseReference('to:1'))
  expect(target.store.repository('to').manifests.get(digest)?.mediaType).toBe(MANIFEST)
})

test('instances of a sparse index are written, whatever the destination says of the index', async () => {
  const [memory, target] = [memoryTransport(), memoryTransport()]
  const index = testIndex()
  memory.store.put('from:1', index)
  const to = wrapTransport(target, {
    destination: (destination) => ({ ...destination, hasManifest: () => Promise.resolve(true) }),
  })
  const options = { platforms: ['linux/amd64'], subset: 'sparse' } as const
  await copyImage(memory.parseReference('from:1'), to.parseReference('to:1'), options)
  expect(target.store.repository('to').manifests.size).toBe(2)
})

test('referrers that go in a circle end', async () => {
  const [memory, target] = [memoryTransport(), memoryTransport()]
  const image = testImage()
  const sbom = testArtifact({ subject: rootDescriptor(image) })
  memory.store.put('from:1', withReferrers(image, [sbom]))
  let lists = 0
  const from = wrapTransport(memory, {
    source: (source) => ({
      ...source,
      async *referrers() {
        lists += 1
        if (lists > 5) throw new ImageError('LIMIT_EXCEEDED', 'it goes on for ever')
        yield rootDescriptor(sbom)
        yield rootDescriptor(image)
      },
    }),
  })
  await copyImage(from.parseReference('from:1'), target.parseReference('to:1'), { referrers: true })
  expect(lists).toBe(2)
})

test('a manifest that cannot be read ends the reading of the others before the copy ends', async () => {
  const [memory, target] = [memoryTransport(), memoryTransport()]
  const index = testIndex()
  memory.store.put('from:1', index)
  const [first, second] = index.manifests
  let ended = false
  const from = wrapTransport(memory, {
    source: (source) => ({
      ...source,
      getManifest: async (instance, options) => {
        if (instance === first?.digest) throw new ImageError('FORBIDDEN', 'not yours')
        if (instance !== second?.digest) return source.getManifest(instance, options)
        await new Promise((resolve) => {
          options?.signal?.addEventListener('abort', resolve)
        })
        // It takes a while to close what was open.
        await new Promise((resolve) => {
          setImmediate(resolve)
        })
        ended = true
        throw options?.signal?.reason
      },
    }),
  })
  const copy = copyImage(from.parseReference('from:1'), target.parseReference('to:1'), { platforms: 'all' })
  await expect(copy).rejects.toMatchObject({ code: 'FORBIDDEN' })
  expect(ended).toBe(true)
})

test.each(['succeeds', 'fails'])('both ends are closed, once, when the copy %s', async (outcome) => {
  const [memory, target] = [memoryTransport(), memoryTransport()]
  memory.store.put('from:1', testImage())
  const closed: string[] = []
  const from = wrapTransport(memory, {
    source: (source) => ({
      ...source,
      getManifest: (...values) =>
        outcome === 'succeeds'
          ? source.getManifest(...values)
          : Promise.reject(new ImageError('FORBIDDEN', 'not yours')),
      [Symbol.asyncDispose]: async () => void closed.push('source'),
    }),
  })
  const to = wrapTransport(target, {
    destination: (destination) => ({
      ...destination,
      [Symbol.asyncDispose]: async () => void closed.push('destination'),
    }),
  })
  await copyImage(from.parseReference('from:1'), to.parseReference('to:1')).catch(() => undefined)
  expect(closed).toEqual(['destination', 'source'])
})

test('an indirect name is read where it leads', async () => {
  const [memory, target] = [memoryTransport(), memoryTransport()]
  const image = testImage()
  memory.store.put('from:1', image)
  const direct = memory.parseReference('from:1')
  const indirect = { transport: memory, toString: () => 'short', resolve: () => Promise.resolve(direct) }
  const result = await copyImage(indirect, target.parseReference('to:1'))
  expect(result.digest).toBe(image.root.digest)
})

test('warnings are told as they come, and once more in the result', async () => {
  const [memory, target] = [memoryTransport(), memoryTransport()]
  memory.store.put('from:1', testImage())
  const from = wrapTransport(memory, {
    source: (source) => ({
      ...source,
      getBlob: (blob, options) => {
        options?.onProgress?.({ type: 'note', level: 'warning', message: 'slow today' })
        options?.onProgress?.({ type: 'note', level: 'info', message: 'by the way' })
        return source.getBlob(blob, options)
      },
    }),
  })
  const result = await copyImage(from.parseReference('from:1'), target.parseReference('to:1'))
  expect(result.warnings).toEqual(['slow today'])
})
