import type { ProgressEvent, Signature } from '@crossdock/core'
import {
  memoryTransport,
  type MemoryTransportOptions,
  type TestImage,
  testImage,
  testIndex,
  testSchema1,
  wrapTransport,
} from '@crossdock/transport-testkit'
import { describe, expect, test } from 'vitest'
import { copyImage, type CopyOptions, planCopy } from '../src/index.ts'

const simple: Signature = { format: 'simple', bytes: new Uint8Array([1, 2, 3]) }
const sigstore: Signature = {
  format: 'sigstore',
  mediaType: 'application/vnd.example',
  bytes: new Uint8Array([4]),
  annotations: {},
}
const signatures = [simple]

/** A place with a signed image, and copies of it to another one. */
function signed(
  image: TestImage,
  { as = signatures, to = {} }: { as?: readonly Signature[]; to?: MemoryTransportOptions } = {},
) {
  const [from, target] = [memoryTransport(), memoryTransport(to)]
  from.store.put('from:1', image, { signatures: as })
  const ends = [from.parseReference('from:1'), target.parseReference('to:1')] as const
  const notes: string[] = []
  const onProgress = (event: ProgressEvent): void => void (event.type === 'note' && notes.push(event.message))
  const copy = (options?: CopyOptions) => copyImage(...ends, { ...options, onProgress })
  const plan = (options?: CopyOptions) => planCopy(...ends, options)
  return { copy, plan, notes, from, target }
}

test('signatures come along', async () => {
  const image = testImage()
  const { copy, target } = signed(image)
  expect((await copy()).signatures).toEqual({ carried: 1, made: 0 })
  expect(target.store.repository('to').signatures.get(image.root.digest)).toEqual(signatures)
})

test('of an image that is there already come along, too', async () => {
  const [from, to] = [memoryTransport(), memoryTransport()]
  const image = testImage()
  from.store.put('from:1', image)
  to.store.put('to:1', image)
  const copy = () => copyImage(from.parseReference('from:1'), to.parseReference('to:1'))
  expect(await copy()).toMatchObject({ upToDate: true })
  from.store.put('from:1', image, { signatures })
  await copy()
  expect(to.store.repository('to').signatures.get(image.root.digest)).toEqual(signatures)
})

test('of the archive that an image was read from go nowhere', async () => {
  const memory = memoryTransport()
  const detached = { format: 'simple', bytes: new Uint8Array(1), detached: true } as const
  memory.store.put('from:1', testImage(), { signatures: [detached] })
  const copy = (choice?: 'drop') =>
    copyImage(memory.parseReference('from:1'), memory.parseReference('to:1'), { signatures: choice })
  await expect(copy()).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: 'what is signed is the archive that the image was read from, and not what it becomes: drop signatures',
  })
  expect(memory.store.blobOpens).toEqual([])
  await copy('drop')
  expect(memory.store.repository('to').signatures.size).toBe(0)
})

describe('a destination without a place for them', () => {
  test('is refused, unless they may be dropped', async () => {
    const memory = memoryTransport()
    memory.store.put('from:1', testImage(), { signatures })
    const to = wrapTransport(memory, { destination: ({ putSignatures: _, ...destination }) => destination })
    const copy = (choice?: 'drop') =>
      copyImage(memory.parseReference('from:1'), to.parseReference('to:1'), { signatures: choice })
    await expect(copy()).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      side: 'destination',
      message:
        'the image is signed (simple), and memory:to:1 has no place for signatures: drop signatures, or choose another destination',
    })
    expect(memory.store.blobOpens).toEqual([])
    await copy('drop')
    expect(memory.store.digest('to:1')).toBe(memory.store.digest('from:1'))
  })

  test('is told which of them has none', async () => {
    const { copy, target } = signed(testImage(), {
      as: [simple, sigstore],
      to: { destinationTraits: { signatures: ['simple'] } },
    })
    await expect(copy()).rejects.toThrow(
      /is signed \(sigstore\), and memory:to:1 has a place for simple signatures only/,
    )
    expect(target.store.has('to')).toBe(false)
  })
})

describe('what is signed does not change in silence', () => {
  const index = testIndex()
  const schema1 = testSchema1()
  test.each<[string, TestImage, CopyOptions, MemoryTransportOptions?]>([
    ['by a choice of platforms', index, { platforms: ['linux/amd64'] }],
    ['by another format', testImage(), { format: 'docker' }],
    ['by another format of an index', index, { format: 'docker', platforms: 'all' }],
    ['by other packing', testImage(), { layers: { format: 'gzip' } }],
    ['by unpacking', testImage({ compression: 'gzip' }), { layers: { format: 'none' } }],
    ['by a conversion from schema 1', schema1, { format: 'oci' }],
    ['by a conversion to schema 1', testImage({ format: 'docker', compression: 'gzip' }), { format: 'schema1' }],
    [
      'by a destination that takes other formats',
      testImage(),
      {},
      {
        destinationTraits: {
          manifestTypes: ['application/vnd.docker.distribution.manifest.v2+json'],
          signatures: ['simple'],
        },
      },
    ],
    [
      'by a destination that wants other layers',
      testImage({ compression: 'gzip' }),
      {},
      { destinationTraits: { layerFormats: ['none'], signatures: ['simple'] } },
    ],
  ])('%s', async (_, image, options, to) => {
    const { copy, plan, from, target } = signed(image, { ...(to && { to }) })
    for (const refused of [copy(options), plan(options)]) {
      await expect(refused).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        message: expect.stringMatching(/is signed.*drop signatures/),
      })
    }
    expect(from.store.blobOpens.filter(({ digest }) => digest !== configOf(image))).toEqual([])
    expect(target.store.has('to')).toBe(false)
    const dropped = await copy({ ...options, signatures: 'drop' })
    expect(dropped.digest).not.toBe(dropped.sourceDigest)
    expect(dropped.signatures).toEqual({ carried: 0, made: 0 })
  })

  test('a sparse index keeps them', async () => {
    const { copy, target } = signed(index)
    const result = await copy({ platforms: ['linux/amd64'], subset: 'sparse' })
    expect(target.store.repository('to').signatures.get(result.digest)).toEqual(signatures)
  })

  test('an image that is taken out of a signed index leaves its signatures behind, which is said', async () => {
    const { copy, notes } = signed(index)
    await copy({ platform: 'linux/amd64' })
    expect(notes).toEqual([
      expect.stringMatching(/^the index .* is signed, .* stay behind; copy all platforms to keep them$/),
    ])
    const dropping = signed(index)
    await dropping.copy({ platform: 'linux/amd64', signatures: 'drop' })
    expect(dropping.notes).toEqual([])
  })
})

/** A config may be read to find out what a conversion comes to. */
function configOf({ blobs: [config] }: TestImage) {
  return config?.descriptor.digest
}
