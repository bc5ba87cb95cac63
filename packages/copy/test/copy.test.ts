import { createTransportRegistry, ImageError, type ProgressEvent } from '@crossdock/core'
import {
  memoryTransport,
  readOnly,
  testArtifact,
  type TestImage,
  testImage,
  testIndex,
  type TracedCall,
  tracing,
} from '@crossdock/transport-testkit'
import { expect, test } from 'vitest'
import { copyByName, copyImage } from '../src/index.ts'

const bytesOf = ({ blobs }: TestImage): number => blobs.reduce((total, { bytes }) => total + bytes.byteLength, 0)

test('an image arrives byte for byte, and the result says what moved', async () => {
  const [memory, target] = [memoryTransport(), memoryTransport()]
  const image = testImage({ layers: 3 })
  memory.store.put('from:1', image)
  const result = await copyImage(memory.parseReference('from:1'), target.parseReference('to:1'))
  expect(target.store.digest('to:1')).toBe(image.root.digest)
  expect(target.store.repository('to').manifests.get(image.root.digest)?.bytes).toEqual(image.root.bytes)
  for (const { descriptor, bytes } of image.blobs) expect(target.store.blob('to:1', descriptor.digest)).toEqual(bytes)
  expect(result).toEqual({
    sourceDigest: image.root.digest,
    digest: image.root.digest,
    manifest: image.root,
    upToDate: false,
    moved: 4,
    reused: 0,
    mounted: 0,
    bytes: { moved: bytesOf(image), resumed: 0, reused: 0, mounted: 0 },
    signatures: { carried: 0, made: 0 },
    warnings: [],
  })
})

test('a second copy finds that there is nothing to do, and asks for no blob', async () => {
  const memory = memoryTransport()
  memory.store.put('from:1', testImage())
  await copyImage(memory.parseReference('from:1'), memory.parseReference('to:1'))
  const log: TracedCall[] = []
  const traced = tracing(memory, log)
  const again = await copyImage(traced.parseReference('from:1'), traced.parseReference('to:1'))
  expect(again).toMatchObject({ upToDate: true, moved: 0, reused: 0, bytes: { moved: 0 } })
  expect(log.map(({ method }) => method)).toEqual([
    'reference.openSource',
    'reference.openDestination',
    'source.getManifest',
    'source.getSignatures',
    'destination.hasManifest',
  ])
})

test('blobs that are there are reused, and one that several layers or images need moves once', async () => {
  const [memory, target] = [memoryTransport(), memoryTransport()]
  const index = testIndex({ entries: [testIndex({ seed: 'index' })] })
  memory.store.put('from:1', index)
  const kept = index.blobs[0]
  if (kept === undefined) throw new Error('an index without blobs')
  target.store.repository('to').blobs.set(kept.descriptor.digest, kept.bytes)
  const result = await copyImage(memory.parseReference('from:1'), target.parseReference('to:1'), { platforms: 'all' })
  expect(result).toMatchObject({ reused: 1, moved: index.blobs.length - 1 })
  const opened = memory.store.blobOpens.map(({ digest }) => digest)
  expect(new Set(opened).size).toBe(opened.length)
  expect(opened).not.toContain(kept.descriptor.digest)
})

test('artifacts of unknown type travel as they are', async () => {
  const memory = memoryTransport()
  const artifact = testArtifact()
  memory.store.put('from:1', artifact)
  await copyImage(memory.parseReference('from:1'), memory.parseReference('to:1'))
  expect(memory.store.repository('to').manifests.get(artifact.root.digest)?.bytes).toEqual(artifact.root.bytes)
})

test('blobs come before the manifest that names them, children before the index, and the commit last', async () => {
  const memory = memoryTransport()
  const index = testIndex()
  memory.store.put('from:1', index)
  const log: TracedCall[] = []
  await copyImage(memory.parseReference('from:1'), tracing(memory, log).parseReference('to:1'), { platforms: 'all' })
  const position = (method: string, digest?: string): number =>
    log.findIndex((call) => call.method === method && (digest === undefined || call.digest === digest))
  const children = index.manifests.filter(({ digest }) => digest !== index.root.digest)
  for (const { bytes, digest } of children) {
    const { config } = JSON.parse(new TextDecoder().decode(bytes)) as { config: { digest: string } }
    expect(position('destination.putBlob', config.digest)).toBeLessThan(position('destination.putManifest', digest))
    expect(position('destination.putManifest', digest)).toBeLessThan(
      position('destination.putManifest', index.root.digest),
    )
  }
  expect(log.at(-1)?.method).toBe('destination.commit')
})

test('events add up to the result', async () => {
  const [memory, target] = [memoryTransport(), memoryTransport()]
  const image = testImage({ layers: 4 })
  memory.store.put('from:1', image)
  const events: ProgressEvent[] = []
  await copyImage(memory.parseReference('from:1'), target.parseReference('to:1'), {
    onProgress: (event) => {
      events.push(event)
      throw new Error('a listener that fails')
    },
  })
  expect(events[0]).toEqual({ type: 'plan', manifests: 1, blobs: 5, bytes: bytesOf(image) })
  const done = events.filter((event) => event.type === 'blob:done')
  expect(done).toHaveLength(5)
  expect(done.reduce((total, { moved }) => total + moved, 0)).toBe(bytesOf(image))
  expect(events.at(-1)).toEqual({ type: 'done', digest: image.root.digest, bytes: bytesOf(image) })
})

test('names are looked up in the registry', async () => {
  const memory = memoryTransport()
  memory.store.put('from:1', testImage())
  const registry = createTransportRegistry([memory])
  await copyByName(registry, 'memory:from:1', 'memory:to:1')
  expect(memory.store.digest('to:1')).toBe(memory.store.digest('from:1'))
  expect(() => copyByName(registry, 'nowhere:from:1', 'memory:to:1')).toThrow(
    expect.objectContaining({ code: 'UNKNOWN_TRANSPORT' }),
  )
})

test('what cannot be written to says so', async () => {
  const memory = memoryTransport()
  memory.store.put('from:1', testImage())
  const to = readOnly(memory).parseReference('to:1')
  await expect(copyImage(memory.parseReference('from:1'), to)).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    side: 'destination',
    image: 'memory:to:1',
  })
})

test('a missing image is the fault of the source, and leaves the destination untouched', async () => {
  const memory = memoryTransport()
  const failure = copyImage(memory.parseReference('from:1'), memory.parseReference('to:1'))
  await expect(failure).rejects.toMatchObject({ code: 'NOT_FOUND', side: 'source', image: 'memory:from:1' })
  expect(memory.store.has('to')).toBe(false)
})

test('a damaged blob ends the copy, and the name stays as it was', async () => {
  const memory = memoryTransport()
  const [old, image] = [testImage({ seed: 'old' }), testImage({ layers: 8 })]
  memory.store.put('to:1', old)
  memory.store.put('from:1', image)
  const damaged = image.blobs.at(-1)?.descriptor.digest
  if (damaged === undefined) throw new Error('an image without blobs')
  memory.store.corrupt('from:1', damaged)
  const failure = copyImage(memory.parseReference('from:1'), memory.parseReference('to:1'))
  await expect(failure).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
  expect(memory.store.digest('to:1')).toBe(old.root.digest)
  expect(memory.store.blob('to:1', damaged)).toBeUndefined()
})

test('a damaged manifest is refused before anything of it is believed', async () => {
  const memory = memoryTransport()
  const image = testImage()
  memory.store.put('from:1', image)
  memory.store.corrupt('from:1', image.root.digest)
  await expect(copyImage(memory.parseReference('from:1'), memory.parseReference('to:1'))).rejects.toBeInstanceOf(
    ImageError,
  )
  expect(memory.store.has('to')).toBe(false)
})

test('a neighbour on the same service is taken over without moving', async () => {
  const memory = memoryTransport()
  const image = testImage()
  memory.store.put('from:1', image)
  const events: ProgressEvent[] = []
  const result = await copyImage(memory.parseReference('from:1'), memory.parseReference('to:1'), {
    onProgress: (event) => events.push(event),
  })
  expect(result).toMatchObject({ moved: 0, mounted: 3, bytes: { moved: 0, mounted: bytesOf(image) } })
  expect(events.filter((event) => event.type === 'blob:mounted').map(({ from }) => from)).toEqual([
    'from',
    'from',
    'from',
  ])
  expect(memory.store.blobOpens).toEqual([])
})

test('a copy onto itself does nothing', async () => {
  const memory = memoryTransport()
  memory.store.put('from:1', testImage())
  const reference = memory.parseReference('from:1')
  expect(await copyImage(reference, reference)).toMatchObject({ upToDate: true })
})
