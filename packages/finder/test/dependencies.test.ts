import { ImageError } from '@crossdock/core'
import { testImage } from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { openSource } from '../src/with-dependencies.ts'
import { type AciParts, aciOf, imageIdOf } from './archives.ts'
import { failure, type TestFinder, testFinder } from './test-finder.ts'

const E1 = { imageName: 'example.com/e', labels: [{ name: 'version', value: '1' }] }
/** What rkt is tested with (rkt issue 1752). */
const IMAGES: readonly AciParts[] = [
  { name: 'example.com/a', dependencies: ['example.com/b', 'example.com/c', 'example.com/d'] },
  { name: 'example.com/b' },
  { name: 'example.com/c', dependencies: ['example.com/b', E1] },
  { name: 'example.com/d', dependencies: ['example.com/b', E1] },
  { name: 'example.com/e', labels: { version: '1' }, dependencies: ['coreos.com/rkt-inspect'] },
  { name: 'coreos.com/rkt-inspect' },
]
const [A, B, C, D, E, INSPECT] = [
  'appc:example.com/a',
  'appc:example.com/b',
  'appc:example.com/c',
  'appc:example.com/d',
  'appc:example.com/e:1',
  'appc:coreos.com/rkt-inspect',
] as const

async function scenario(): Promise<TestFinder> {
  const finder = await testFinder()
  for (const image of IMAGES) await finder.put(image)
  return finder
}

/** An image that depends on others, and these; what is found is the first. */
async function depending(
  dependencies: NonNullable<AciParts['dependencies']>,
  ...others: readonly AciParts[]
): Promise<TestFinder> {
  const finder = await testFinder()
  for (const parts of [{ name: 'example.com/a', dependencies }, ...others]) await finder.put(parts)
  return finder
}

describe('what an image depends on', () => {
  it('is opened once, depth first, and is in the store under its own name', async () => {
    const finder = await scenario()
    for (const name of [B, INSPECT]) await finder.find(name)
    const before = await finder.names()
    finder.opened()
    const image = await finder.find(A)
    expect(finder.opened()).toEqual([A, C, E, D])
    expect(image).toMatchObject({ name: A, isFetched: true, dependencies: [C, E, D] })
    const after = await finder.names()
    expect(after).toMatchObject(before)
    expect(Object.keys(after).toSorted()).toEqual([A, B, C, D, E, INSPECT].toSorted())

    finder.shelf.images.clear()
    for (const name of [A, B, C, D, E, INSPECT]) {
      const found = await finder.find(name, { pullPolicy: 'never' })
      expect(found).toMatchObject({ name, isFetched: false, dependencies: [], target: { digest: after[name] } })
    }
  })

  it('is part of the image, and the store has all of it', async () => {
    const finder = await scenario()
    const image = await finder.find(A)
    await using source = await openSource(image.reference)
    const { bytes } = await source.getManifest()
    expect(JSON.parse(new TextDecoder().decode(bytes))).toMatchObject({ layers: { length: IMAGES.length } })
    const findings: string[] = []
    for await (const { message } of finder.store.verify()) findings.push(message)
    expect(findings).toEqual([])
  })

  it('is fetched once for an update, whatever the store has', async () => {
    const finder = await scenario()
    await finder.find(A)
    finder.opened()
    await finder.put({ name: 'example.com/b', content: 'newer' })
    const before = await finder.names()
    const image = await finder.find(A, { pullPolicy: 'update' })
    expect(finder.opened()).toEqual([A, B, C, E, INSPECT, D])
    expect(image.dependencies).toEqual([B, C, E, INSPECT, D])
    const after = await finder.names()
    const changed = Object.keys(after).filter((name) => after[name] !== before[name])
    expect(changed).toEqual([A, B, C, D])
  })

  it('is taken from the store alone if nothing may be fetched', async () => {
    const finder = await scenario()
    for (const name of [B, C, D, E, INSPECT]) await finder.find(name)
    finder.opened()
    const path = 'aci:/images/a.aci'
    finder.shelf.images.set(path, finder.shelf.images.get(A) ?? 'NOT_FOUND')
    await expect(finder.find(path, { pullPolicy: 'never' })).resolves.toMatchObject({ dependencies: [] })
    expect(finder.opened()).toEqual([path])

    await finder.store.images.delete(E)
    const before = await finder.names()
    await expect(finder.find(path, { pullPolicy: 'never' })).rejects.toThrow(failure('NOT_FOUND', E))
    expect(finder.opened()).toEqual([path])
    expect(await finder.names()).toEqual(before)
  })

  it('and is not there is named, and nothing is stored', async () => {
    const finder = await scenario()
    finder.shelf.images.delete(E)
    await expect(finder.find(A)).rejects.toThrow(failure('NOT_FOUND', E))
    expect(await finder.names()).toEqual({})
    expect(await finder.blobs()).toBe(0)
  })

  it.each([
    ['itself', ['example.com/a'], []],
    ['one another', ['example.com/b'], [{ name: 'example.com/b', dependencies: ['example.com/a'] }]],
  ] as const)('may not be %s', async (_, dependencies, others) => {
    const finder = await depending(dependencies, ...others)
    await expect(finder.find('appc:example.com/a')).rejects.toThrow(failure('INVALID_DATA', 'circle'))
    expect(await finder.names()).toEqual({})
    expect(await finder.blobs()).toBe(0)
  })

  it.each([
    ['UNAVAILABLE', 'UNAVAILABLE'],
    ['UNSUPPORTED', { image: testImage() }],
  ] as const)('fails with %s for what is no archive', async (code, lying) => {
    const finder = await depending(['example.com/b'])
    finder.shelf.images.set(B, lying)
    await expect(finder.find(A)).rejects.toThrow(failure(code, B))
    expect(await finder.names()).toEqual({})
  })
})

const OTHER = await aciOf({ name: 'example.com/b', content: 'another' })
const RIGHT = await aciOf({ name: 'example.com/b' })

describe('an image ID', () => {
  const ID = imageIdOf(RIGHT)

  it.each([ID, ID.slice(0, 20)])('%s has to be that of what is found', async (imageID) => {
    const finder = await depending([{ imageName: 'example.com/b', imageID }], { name: 'example.com/b' })
    await expect(finder.find(A)).resolves.toMatchObject({ dependencies: [B] })
  })

  it.each([imageIdOf(OTHER), 'sha512-.*', 'sha512-(a+)+$', `${ID}00`])('%s refuses another one', async (imageID) => {
    const finder = await depending([{ imageName: 'example.com/b', imageID }], { name: 'example.com/b' })
    for (const isStored of [false, true]) {
      if (isStored) await finder.find(B)
      const before = await finder.names()
      await expect(finder.find(A)).rejects.toThrow(failure('DIGEST_MISMATCH', 'example.com/b'))
      expect(await finder.names()).toEqual(before)
    }
  })

  it('lets one of the store do for an update, too', async () => {
    const finder = await depending([{ imageName: 'example.com/b', imageID: ID }], { name: 'example.com/b' })
    await finder.find(B)
    finder.shelf.images.set(B, { archive: OTHER })
    finder.opened()
    await expect(finder.find(A, { pullPolicy: 'update' })).resolves.toMatchObject({ dependencies: [] })
    expect(finder.opened()).toEqual([A])
  })

  it('of an image with another name is none', async () => {
    const finder = await depending([{ imageName: 'example.com/other', imageID: ID }], { name: 'example.com/b' })
    await finder.find(B)
    await expect(finder.find(A)).rejects.toThrow(failure('NOT_FOUND', 'appc:example.com/other'))
  })
})

it('an image is opened once, whether or not one says which it is', async () => {
  const on = { name: 'example.com/c', dependencies: [{ imageName: 'example.com/b', imageID: imageIdOf(RIGHT) }] }
  const finder = await depending(['example.com/b', 'example.com/c'], { name: 'example.com/b' }, on)
  await expect(finder.find(A)).resolves.toMatchObject({ dependencies: [B, C] })
  expect(finder.opened()).toEqual([A, B, C])
})

describe('a size', () => {
  it('has to be that of what is found', async () => {
    const size = RIGHT.byteLength
    const finder = await depending([{ imageName: 'example.com/b', size }], { name: 'example.com/b' })
    await expect(finder.find(A)).resolves.toMatchObject({ dependencies: [B] })
    const wrong = await depending([{ imageName: 'example.com/b', size: size + 1 }], { name: 'example.com/b' })
    await expect(wrong.find(A)).rejects.toThrow(failure('DIGEST_MISMATCH', `of ${size + 1} bytes`))
    expect(await wrong.names()).toEqual({})
  })
})

describe('an image that is refused', () => {
  it.each(['fetched', 'stored'])('refuses all that depend on it, if it is %s', async (where) => {
    const finder = await scenario()
    if (where === 'stored') await finder.find(E)
    const before = { names: await finder.names(), blobs: await finder.blobs() }
    const asked: string[] = []
    const finding = finder.find(A, {
      async admit({ reference }) {
        asked.push(`${reference.transport.name}:${reference.toString()}`)
        if (asked.at(-1) === E) throw new ImageError('REJECTED_BY_POLICY', `no trust in ${E}`)
      },
    })
    await expect(finding).rejects.toThrow(failure('REJECTED_BY_POLICY', E))
    expect({ names: await finder.names(), blobs: await finder.blobs() }).toEqual(before)
    expect(asked).toEqual([A, B, C, E])
  })

  it('is the image that its name led to before a later one that calls itself so', async () => {
    const finder = await scenario()
    await finder.find(B)
    const url = 'https://elsewhere.example/b.aci'
    await finder.put({ name: 'example.com/b', content: 'of somebody else' }, url)
    await finder.find(url)
    const seen: string[] = []
    await finder.find(A, {
      async admit({ reference, manifest }) {
        if (reference.toString() === 'example.com/b') seen.push((await manifest()).digest)
      },
    })
    expect(seen).toEqual([(await finder.names())[B]])
  })

  it('each is asked of once', async () => {
    const finder = await scenario()
    const asked: string[] = []
    await finder.find(A, { admit: ({ reference }) => void asked.push(`appc:${reference.toString()}`) })
    expect(asked).toEqual([A, B, C, E, INSPECT, D])
  })
})

it('what no image can be made of by itself is not kept, and others are made with it', async () => {
  const app = { exec: ['/a'], user: '/owner', group: '/owner' }
  const finder = await depending(['example.com/b'], { name: 'example.com/b', app })
  const notes: unknown[] = []
  const image = await finder.find(A, { onProgress: (progress) => void notes.push(progress) })
  expect(image).toMatchObject({ name: A, isFetched: true, dependencies: [] })
  expect(notes).toContainEqual(
    expect.objectContaining({
      level: 'warning',
      message: expect.stringMatching(/^appc:example.com\/b is not kept by itself: .*owner/),
    }),
  )
  expect(Object.keys(await finder.names())).toEqual([A])
  await expect(finder.find(B)).rejects.toThrow(failure('INVALID_DATA'))
})

describe('without what it depends on', () => {
  it('an image is made of its own files', async () => {
    const finder = await scenario()
    const alone = await finder.find(A, { withDependencies: false })
    expect(finder.opened()).toEqual([A])
    expect(await finder.names()).toEqual({ [A]: alone.target.digest })
    await expect(finder.find(A, { withDependencies: false, pullPolicy: 'never' })).resolves.toMatchObject({
      target: alone.target,
      isFetched: false,
    })
    await expect(finder.find(A, { pullPolicy: 'never' })).rejects.toThrow(failure('NOT_FOUND', A))
    const whole = await finder.find(A)
    expect(whole).toMatchObject({ isFetched: true, imageId: alone.imageId })
    expect(whole.target.digest).not.toBe(alone.target.digest)
    await expect(finder.find(A, { withDependencies: false })).resolves.toMatchObject({ target: whole.target })
  })

  it('one behind a URL is fetched again for the whole', async () => {
    const url = 'https://example.com/a.aci'
    const finder = await scenario()
    finder.shelf.images.set(url, finder.shelf.images.get(A) ?? 'NOT_FOUND')
    const alone = await finder.find(url, { withDependencies: false })
    await expect(finder.find(url, { withDependencies: false })).resolves.toMatchObject({ isFetched: false })
    await expect(finder.find(url, { pullPolicy: 'never' })).rejects.toThrow(failure('NOT_FOUND', url))
    const whole = await finder.find(url)
    expect(whole).toMatchObject({ isFetched: true, imageId: alone.imageId, dependencies: [B, C, E, INSPECT, D] })
  })

  it('one that nobody noted as such, after an interruption, is not taken for the whole', async () => {
    const url = 'https://example.com/a.aci'
    const finder = await scenario()
    finder.shelf.images.set(url, finder.shelf.images.get(A) ?? 'NOT_FOUND')
    const alone = await finder.find(url, { withDependencies: false })
    await finder.store.images.update({ name: url, target: alone.target, labels: {} }, ['labels'])
    await expect(finder.find(url, { pullPolicy: 'never' })).rejects.toThrow(failure('NOT_FOUND', url))
    const whole = await finder.find(url)
    expect(whole).toMatchObject({ isFetched: true, dependencies: [B, C, E, INSPECT, D] })
    await expect(finder.find(url, { pullPolicy: 'never' })).resolves.toMatchObject({ target: whole.target })
  })

  it('one does for others that depend on it: its archive is there', async () => {
    const finder = await scenario()
    await finder.find(C, { withDependencies: false })
    finder.opened()
    await expect(finder.find(A)).resolves.toMatchObject({ dependencies: [B, E, INSPECT, D] })
    expect(finder.opened()).toEqual([A, B, E, INSPECT, D])
  })

  it('one that depends on none is whole', async () => {
    const finder = await scenario()
    await finder.find(B, { withDependencies: false })
    await expect(finder.find(B, { pullPolicy: 'never' })).resolves.toMatchObject({ name: B })
  })

  it('one that is whole is taken, whatever it is called', async () => {
    const finder = await scenario()
    const alone = await finder.find(A, { withDependencies: false })
    const whole = await finder.find('appc:example.com/a', { name: 'mine' })
    await finder.store.images.update({ name: A, target: alone.target }, ['labels.touched'])
    finder.opened()
    await expect(finder.find(A)).resolves.toMatchObject({ name: whole.name, target: whole.target })
    await expect(finder.find(alone.imageId ?? '')).resolves.toMatchObject({ target: whole.target })
    expect(finder.opened()).toEqual([])
  })
})
