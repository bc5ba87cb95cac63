import { type DetachedSignature, isDetachedSignature } from '@crossdock/archive'
import { ImageError, imageName, type Signature, type UnparsedImage } from '@crossdock/core'
import { hostPlatform } from '@crossdock/formats'
import { readBytes } from '@crossdock/streams'
import { testImage } from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import type { FindOptions } from '../src/index.ts'
import { aciOf } from './archives.ts'
import { failure, type TestFinder, testFinder } from './test-finder.ts'

const APP = 'appc:example.com/app'
const TOP = 'appc:example.com/top'
const BASE = 'appc:example.com/base'
const IMAGE = 'docker://team/app:1'
const ARCHIVE = await aciOf({ name: 'example.com/app' })
const BESIDE = new TextEncoder().encode('the signature beside it')
const GIVEN = new TextEncoder().encode('the signature that is given')
const SIMPLE: Signature = { format: 'simple', bytes: new TextEncoder().encode('of the manifest') }

async function filled(): Promise<TestFinder> {
  return await testFinder({
    [APP]: { archive: ARCHIVE, signature: BESIDE },
    [IMAGE]: { image: testImage({ platform: hostPlatform() }), signatures: [SIMPLE] },
  })
}

interface Judged {
  readonly name: string
  readonly signatures: readonly Signature[]
  /** What the detached signature is for, and what that is called. */
  readonly archives: readonly (readonly [string, Uint8Array])[]
}

/** What a judge is shown. */
async function judged(finder: TestFinder, name: string, options: FindOptions = {}): Promise<readonly Judged[]> {
  const images: Judged[] = []
  await finder.find(name, {
    ...options,
    async admit(image, operation) {
      const signatures = await image.signatures(operation)
      const archives = await Promise.all(signatures.filter(isDetachedSignature).map(archiveOf))
      images.push({ name: imageName(image.reference), signatures, archives })
    },
  })
  return images
}

async function archiveOf({ archive }: DetachedSignature): Promise<readonly [string, Uint8Array]> {
  return [archive.name, await readBytes(archive.open(), { limitBytes: 2 ** 20, what: 'it' })]
}

/** What a judge is to be shown of the App Container Image. */
function shown(bytes: Uint8Array, name = APP): unknown {
  return [
    {
      name,
      signatures: [expect.objectContaining({ format: 'simple', detached: true, bytes })],
      archives: [['example.com/app', ARCHIVE]],
    },
  ]
}

function refuseBase(image: UnparsedImage): void {
  if (imageName(image.reference) === BASE) refuse(image)
}

function refuse({ reference }: UnparsedImage): never {
  throw new ImageError('REJECTED_BY_POLICY', `no trust in ${imageName(reference)}`)
}

describe('an App Container Image', () => {
  it('is judged by the name that was asked for and the signature of its archive, fetched and stored', async () => {
    const finder = await filled()
    expect(await judged(finder, APP)).toEqual(shown(BESIDE))
    expect(await judged(finder, APP)).toEqual(shown(BESIDE))
    expect(await judged(finder, APP, { pullPolicy: 'update' })).toEqual(shown(BESIDE))
    expect(finder.opened()).toEqual([APP, APP])
  })

  it('is judged by the signature that is given, then and later', async () => {
    const finder = await filled()
    expect(await judged(finder, APP, { signature: GIVEN })).toEqual(shown(GIVEN))
    expect(await judged(finder, APP)).toEqual(shown(GIVEN))
  })

  it('has the signature that came last', async () => {
    const finder = await filled()
    const { target } = await finder.find(APP)
    expect(await judged(finder, APP, { signature: GIVEN })).toEqual(shown(GIVEN))
    expect(await judged(finder, APP)).toEqual(shown(BESIDE))
    expect(await judged(finder, APP, { signature: GIVEN, pullPolicy: 'update' })).toEqual(shown(GIVEN))
    expect(await judged(finder, APP)).toEqual(shown(GIVEN))
    finder.shelf.images.set(APP, { archive: ARCHIVE })
    const unsigned = [{ name: APP, signatures: [], archives: [] }]
    expect(await judged(finder, APP, { pullPolicy: 'update' })).toEqual(unsigned)
    expect(await judged(finder, APP)).toEqual(unsigned)
    expect(await finder.names()).toEqual({ [APP]: target.digest })
  })

  it('by its ID is judged by its name in the store', async () => {
    const finder = await filled()
    const { imageId = '', target } = await finder.find(APP)
    const name = `store:${APP}`
    expect(await judged(finder, imageId)).toEqual(shown(BESIDE, name))
    expect(await judged(finder, target.digest)).toEqual(shown(BESIDE, name))
    expect(await judged(finder, name)).toEqual(shown(BESIDE, name))
  })

  it('of which others made something else has no signature of an archive', async () => {
    const finder = await filled()
    await finder.find(APP)
    const { target } = await finder.find(IMAGE)
    await finder.store.images.put({ name: APP, target })
    expect(await judged(finder, `store:${APP}`)).toMatchObject([{ archives: [] }])
    await expect(finder.find(APP, { pullPolicy: 'never' })).rejects.toThrow(failure('NOT_FOUND'))
  })
})

async function withBase(): Promise<TestFinder> {
  const finder = await testFinder()
  const base = await aciOf({ name: 'example.com/base', content: 'base' })
  finder.shelf.images.set(BASE, { archive: base, signature: BESIDE })
  await finder.put({ name: 'example.com/top', dependencies: ['example.com/base'] })
  return finder
}

describe('what gave an App Container Image in the store its files', () => {
  const policies = ['never', 'new', 'update'] as const

  it('is judged as well, by its own name and signature', async () => {
    const finder = await withBase()
    await finder.find(TOP)
    finder.opened()
    for (const pullPolicy of ['never', 'new'] as const) {
      const [top, base] = await judged(finder, TOP, { pullPolicy })
      expect(top).toMatchObject({ name: TOP, signatures: [] })
      expect(base).toMatchObject({ name: BASE, signatures: [{ bytes: BESIDE }], archives: [['example.com/base', {}]] })
    }
    expect(finder.opened()).toEqual([])
  })

  it('is refused, however the image came there', async () => {
    const finder = await withBase()
    const { imageId = '', target } = await finder.find(TOP)
    for (const name of [TOP, imageId, target.digest, `store:${TOP}`]) {
      const finding = finder.find(name, { admit: refuseBase, pullPolicy: 'never' })
      await expect(finding).rejects.toThrow(failure('REJECTED_BY_POLICY', 'has files of example.com/base'))
    }
    for (const pullPolicy of policies) {
      const finding = finder.find(TOP, { admit: refuseBase, pullPolicy })
      await expect(finding).rejects.toThrow(failure('REJECTED_BY_POLICY', `no trust in ${BASE}`))
    }
  })

  it('is fetched again if it is gone, since nobody could judge it', async () => {
    const finder = await withBase()
    await finder.find(TOP)
    await finder.store.images.delete(BASE)
    const finding = judged(finder, TOP, { pullPolicy: 'never' })
    await expect(finding).rejects.toThrow(failure('REJECTED_BY_POLICY', 'is no longer in the store'))
    await expect(finder.find(TOP, { pullPolicy: 'never' })).resolves.toMatchObject({ isFetched: false })
    finder.opened()
    expect((await judged(finder, TOP)).map(({ name }) => name)).toEqual([TOP, BASE])
    expect(finder.opened()).toEqual([TOP, BASE])
    expect(Object.keys(await finder.names())).toEqual([BASE, TOP])
  })
})

describe('another image', () => {
  it('is judged by the name that was asked for and its signatures, fetched and stored', async () => {
    const finder = await filled()
    const expected = [{ name: IMAGE, signatures: [SIMPLE], archives: [] }]
    expect(await judged(finder, IMAGE)).toEqual(expected)
    expect(await judged(finder, IMAGE)).toEqual(expected)
    expect(finder.opened()).toEqual([IMAGE])
  })

  it('has no archive that a signature could be for', async () => {
    const finder = await filled()
    for (const isStored of [false, true]) {
      if (isStored) await finder.find(IMAGE)
      await expect(finder.find(IMAGE, { signature: GIVEN })).rejects.toThrow(failure('UNSUPPORTED', IMAGE))
    }
  })
})

describe.each([APP, IMAGE])('what is refused of %s', (name) => {
  it('is not stored', async () => {
    const finder = await filled()
    await expect(finder.find(name, { admit: refuse })).rejects.toThrow(failure('REJECTED_BY_POLICY', name))
    expect(await finder.names()).toEqual({})
    expect(await finder.blobs()).toBe(0)
  })

  it('stays in the store, and is refused there', async () => {
    const finder = await filled()
    const { target, name: stored } = await finder.find(name)
    const blobs = await finder.blobs()
    for (const pullPolicy of ['never', 'new', 'update'] as const) {
      const finding = finder.find(name, { admit: refuse, pullPolicy })
      await expect(finding).rejects.toThrow(failure('REJECTED_BY_POLICY', name))
    }
    expect(finder.opened()).toEqual([name, name])
    expect(await finder.names()).toEqual({ [stored]: target.digest })
    expect(await finder.blobs()).toBe(blobs)
  })
})
