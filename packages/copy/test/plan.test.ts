import { ImageError } from '@crossdock/core'
import {
  memoryTransport,
  testImage,
  testIndex,
  testManifest,
  type TracedCall,
  tracing,
  wrapTransport,
} from '@crossdock/transport-testkit'
import { expect, test } from 'vitest'
import { copyImage, planCopy } from '../src/index.ts'

const image = testImage({ layers: 3, layerBytes: 50_000 })

test('a plan says what would move, go on and be reused, and changes nothing', async () => {
  const [memory, target] = [memoryTransport(), memoryTransport()]
  memory.store.put('from:1', image)
  const [config, first, second] = image.blobs
  if (config === undefined || first === undefined || second === undefined) throw new Error('an image without blobs')
  target.store.repository('to').blobs.set(config.descriptor.digest, config.bytes)
  target.store.repository('to').partials.set(first.descriptor.digest, first.bytes.subarray(0, 20_000))
  const log: TracedCall[] = []
  const plan = await planCopy(memory.parseReference('from:1'), tracing(target, log).parseReference('to:1'))
  expect(plan).toMatchObject({
    from: 'memory:from:1',
    to: 'memory:to:1',
    digest: image.root.digest,
    sourceDigest: image.root.digest,
    upToDate: false,
    manifests: [{ digest: image.root.digest, size: image.root.bytes.byteLength }],
  })
  expect(plan.blobs.map(({ action, bytes }) => [action, bytes])).toEqual([
    ['reuse', 0],
    ['resume', first.bytes.byteLength - 20_000],
    ['move', second.bytes.byteLength],
    ['move', image.blobs[3]?.bytes.byteLength],
  ])
  const total = image.blobs.reduce((sum, { bytes }) => sum + bytes.byteLength, 0)
  expect(plan.bytes).toEqual({ total, move: total - config.bytes.byteLength - 20_000 })
  expect(log.map(({ method }) => method).filter((method) => /put|commit|reuse/.test(method))).toEqual([])
})

test('a plan knows what a neighbour has', async () => {
  const memory = memoryTransport()
  memory.store.put('from:1', image)
  const plan = await planCopy(memory.parseReference('from:1'), memory.parseReference('to:1'))
  expect(plan.blobs.map(({ action }) => action)).toEqual(['mount', 'mount', 'mount', 'mount'])
  expect(plan.bytes.move).toBe(0)
  expect(memory.store.has('to')).toBe(false)
})

test('the copy does what the plan said', async () => {
  const [memory, target] = [memoryTransport(), memoryTransport()]
  memory.store.put('from:1', testIndex())
  const ends = [memory.parseReference('from:1'), target.parseReference('to:1')] as const
  const plan = await planCopy(...ends, { platforms: ['linux/amd64'] })
  const result = await copyImage(...ends, { platforms: ['linux/amd64'] })
  expect(result.digest).toBe(plan.digest)
  expect(result.bytes.moved).toBe(plan.bytes.move)
  expect(await planCopy(...ends, { platforms: ['linux/amd64'] })).toMatchObject({
    upToDate: true,
    blobs: [],
    manifests: [],
  })
})

test('layers that are named by URL stay where they are, or move if asked for', async () => {
  const [memory, target] = [memoryTransport(), memoryTransport()]
  memory.store.put('from:1', image)
  const foreign = wrapTransport(memory, {
    source: (source) => ({ ...source, getManifest: async () => foreignManifest() }),
  })
  const ends = [foreign.parseReference('from:1'), target.parseReference('to:1')] as const
  const plan = await planCopy(...ends)
  expect(plan.blobs.map(({ action }) => action)).toEqual(['move', 'foreign'])
  const fetched = await planCopy(...ends, { foreignLayers: 'fetch' })
  expect(fetched.blobs.map(({ action }) => action)).toEqual(['move', 'move'])
  await copyImage(...ends)
  expect([...target.store.repository('to').blobs.keys()]).toEqual([image.blobs[0]?.descriptor.digest])

  const strict = memoryTransport({ destinationTraits: { foreignLayers: false } })
  await expect(copyImage(foreign.parseReference('from:1'), strict.parseReference('to:1'))).rejects.toBeInstanceOf(
    ImageError,
  )
})

function foreignManifest() {
  const layer = { ...image.blobs[1]?.descriptor, urls: ['https://example.com/layer'] }
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const layers = [{ ...layer, mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar' }]
  return testManifest({ schemaVersion: 2, mediaType, config: image.blobs[0]?.descriptor, layers }, { mediaType })
}
