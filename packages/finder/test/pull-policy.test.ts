import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImageErrorCode } from '@crossdock/core'
import { hostPlatform } from '@crossdock/formats'
import { testImage, testIndex } from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import type { FoundImage, PullPolicy } from '../src/index.ts'
import { aciOf, imageIdOf, tarWith } from './archives.ts'
import type { Lying } from './shelf.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { failure, type TestFinder, testFinder } from './test-finder.ts'

/** What is in the store before, and what its transport has then. */
interface Case {
  readonly stored: 'old' | 'nothing'
  readonly there: 'old' | 'new' | 'UNAVAILABLE' | 'NOT_FOUND'
  readonly policy: PullPolicy
  readonly opens: 0 | 1
}

const FOUND: readonly (Case & { readonly found: 'old' | 'new' })[] = [
  { stored: 'old', there: 'old', policy: 'never', found: 'old', opens: 0 },
  { stored: 'old', there: 'new', policy: 'never', found: 'old', opens: 0 },
  { stored: 'old', there: 'UNAVAILABLE', policy: 'never', found: 'old', opens: 0 },
  { stored: 'old', there: 'old', policy: 'new', found: 'old', opens: 0 },
  { stored: 'old', there: 'new', policy: 'new', found: 'old', opens: 0 },
  { stored: 'old', there: 'UNAVAILABLE', policy: 'new', found: 'old', opens: 0 },
  { stored: 'nothing', there: 'new', policy: 'new', found: 'new', opens: 1 },
  { stored: 'old', there: 'old', policy: 'update', found: 'old', opens: 1 },
  { stored: 'old', there: 'new', policy: 'update', found: 'new', opens: 1 },
  { stored: 'nothing', there: 'new', policy: 'update', found: 'new', opens: 1 },
]

const FAILED: readonly (Case & { readonly code: ImageErrorCode })[] = [
  { stored: 'nothing', there: 'new', policy: 'never', code: 'NOT_FOUND', opens: 0 },
  { stored: 'nothing', there: 'UNAVAILABLE', policy: 'never', code: 'NOT_FOUND', opens: 0 },
  { stored: 'nothing', there: 'NOT_FOUND', policy: 'new', code: 'NOT_FOUND', opens: 1 },
  { stored: 'nothing', there: 'UNAVAILABLE', policy: 'new', code: 'UNAVAILABLE', opens: 1 },
  { stored: 'old', there: 'NOT_FOUND', policy: 'update', code: 'NOT_FOUND', opens: 1 },
  { stored: 'old', there: 'UNAVAILABLE', policy: 'update', code: 'UNAVAILABLE', opens: 1 },
  { stored: 'nothing', there: 'UNAVAILABLE', policy: 'update', code: 'UNAVAILABLE', opens: 1 },
]

interface Subject {
  readonly name: string
  readonly storeName: string
  readonly old: Lying
  readonly new: Lying
  /** What one that was found is known by, and what it is of each. */
  readonly mark: (found: FoundImage) => string | undefined
  readonly marks: { readonly old: string; readonly new: string }
  /** Whether what its transport has unchanged is told from what was fetched. */
  readonly tellsUnchanged: boolean
}

const platform = hostPlatform()
const [OLD_IMAGE, NEW_IMAGE] = [testImage({ seed: 'old', platform }), testImage({ seed: 'new', platform })]
const IMAGE: Subject = {
  name: 'docker://team/app:1',
  storeName: 'docker.io/team/app:1',
  old: { image: OLD_IMAGE },
  new: { image: NEW_IMAGE },
  mark: ({ target }) => target.digest,
  marks: { old: OLD_IMAGE.root.digest, new: NEW_IMAGE.root.digest },
  tellsUnchanged: true,
}
const [OLD_ARCHIVE, NEW_ARCHIVE] = [
  await aciOf({ name: 'example.com/app', labels: { version: '1' }, content: 'old' }),
  await aciOf({ name: 'example.com/app', labels: { version: '1' }, content: 'new' }),
]
const APP: Subject = {
  name: 'appc:example.com/app:1',
  storeName: 'appc:example.com/app:1',
  old: { archive: OLD_ARCHIVE },
  new: { archive: NEW_ARCHIVE },
  mark: ({ imageId }) => imageId,
  marks: { old: imageIdOf(OLD_ARCHIVE), new: imageIdOf(NEW_ARCHIVE) },
  tellsUnchanged: false,
}

describe.each([
  ['an image of a registry', IMAGE],
  ['an App Container Image by its name', APP],
])('%s', (_, subject) => {
  const { name, storeName } = subject

  /** What is stored is stored, and what is there is there. */
  async function prepared({ stored, there }: Case): Promise<TestFinder> {
    const finder = await testFinder({ [name]: subject.old })
    if (stored === 'old') await finder.find(name)
    finder.opened()
    finder.shelf.images.set(name, there === 'old' || there === 'new' ? subject[there] : there)
    return finder
  }

  it.each(FOUND)('$policy: $stored stored, $there there: $found', async ({ found, ...each }) => {
    const finder = await prepared(each)
    const image = await finder.find(name, { pullPolicy: each.policy })
    expect(finder.opened()).toEqual(each.opens === 0 ? [] : [name])
    const isFetched = each.opens === 1 && !(found === each.stored && subject.tellsUnchanged)
    expect(image).toMatchObject({ name: storeName, isFetched, dependencies: [] })
    expect(subject.mark(image)).toBe(subject.marks[found])
    expect(image.from?.toString()).toBe(name.slice(name.indexOf(':') + 1))
    expect(image.reference.transport.name).toBe('store')
    expect(await finder.names()).toEqual({ [storeName]: image.target.digest })
  })

  it.each(FAILED)('$policy: $stored stored, $there there: $code', async ({ code, ...each }) => {
    const finder = await prepared(each)
    const before = { names: await finder.names(), blobs: await finder.blobs() }
    await expect(finder.find(name, { pullPolicy: each.policy })).rejects.toThrow(failure(code, name))
    expect(finder.opened()).toEqual(each.opens === 0 ? [] : [name])
    expect({ names: await finder.names(), blobs: await finder.blobs() }).toEqual(before)
  })
})

it('of an index, what is needed for other platforms is fetched', async () => {
  const [one, other] = [
    { os: 'linux', architecture: 'ppc64le' },
    { os: 'linux', architecture: 's390x' },
  ]
  const name = 'docker://team/index:1'
  const image = testIndex({ platforms: [one, other] })
  const finder = await testFinder({ [name]: { image } })
  await expect(finder.find(name, { platforms: ['linux/ppc64le'] })).resolves.toMatchObject({ isFetched: true })
  const partly = await finder.blobs()
  await expect(finder.find(name, { platforms: ['linux/ppc64le'] })).resolves.toMatchObject({ isFetched: false })
  await expect(finder.find(name, { platforms: ['linux/s390x'], pullPolicy: 'never' })).rejects.toThrow(
    failure('NOT_FOUND', 'pull policy'),
  )
  expect(finder.opened()).toEqual([name])
  const whole = await finder.find(name, { platforms: ['linux/s390x'] })
  expect(whole).toMatchObject({ isFetched: true, target: { digest: image.root.digest } })
  expect(await finder.blobs()).toBeGreaterThan(partly)
  await expect(finder.find(name, { platforms: 'all', pullPolicy: 'never' })).resolves.toMatchObject({
    isFetched: false,
  })
  expect(finder.opened()).toEqual([name])
})

it('an update for no platform that is there leaves the name as it was', async () => {
  const name = 'docker://team/app:1'
  const finder = await testFinder({ [name]: IMAGE.old })
  const { target } = await finder.find(name)
  finder.shelf.images.set(name, { image: testImage({ platform: { os: 'linux', architecture: 'riscv64' } }) })
  await expect(finder.find(name, { pullPolicy: 'update', platforms: ['linux/s390x'] })).rejects.toThrow(
    failure('NOT_FOUND'),
  )
  expect(await finder.names()).toEqual({ 'docker.io/team/app:1': target.digest })
})

const FILES: readonly (readonly [string, Uint8Array, Lying])[] = [
  ['aci', await aciOf({ name: 'example.com/app' }), APP.old],
  ['oci-archive', await tarWith('oci-layout', 'index.json'), IMAGE.old],
  ['docker-archive', await tarWith('manifest.json'), IMAGE.old],
]

describe('a file', () => {
  it.each(FILES)('of %s is read each time, whatever the policy is', async (transport, bytes, lying) => {
    const folder = await temporaryFolder()
    const path = join(folder, 'it')
    await writeFile(path, bytes)
    const name = `${transport}:${path}`
    const finder = await testFinder({ [name]: lying }, { folder })
    const { target } = await finder.find('./it', { pullPolicy: 'never' })
    for (const pullPolicy of ['never', 'new', 'update'] as const) {
      await expect(finder.find(path, { pullPolicy })).resolves.toMatchObject({ name, target })
      await expect(finder.find(name, { pullPolicy })).resolves.toMatchObject({ name, target })
    }
    expect(finder.opened()).toEqual(Array.from({ length: 7 }, () => name))
    finder.shelf.images.set(name, transport === 'aci' ? APP.new : IMAGE.new)
    const changed = await finder.find('./it', { pullPolicy: 'never' })
    expect(changed.target.digest).not.toBe(target.digest)
    expect(await finder.names()).toEqual({ [name]: changed.target.digest })
  })

  it('that is no more is not found, although the store has what it was', async () => {
    const finder = await testFinder({ 'aci:/gone.aci': APP.old })
    await finder.find('aci:/gone.aci')
    finder.shelf.images.clear()
    await expect(finder.find('aci:/gone.aci')).rejects.toThrow(failure('NOT_FOUND'))
    await expect(finder.find('/gone.aci')).rejects.toThrow(failure('NOT_FOUND'))
  })
})

describe('an image of the store', () => {
  it('is found by that alone', async () => {
    const finder = await testFinder({ [IMAGE.name]: IMAGE.old })
    const { target, name } = await finder.find(IMAGE.name)
    finder.opened()
    const digest = target.digest
    for (const text of [`store:team/app:1`, `store:${name}`, `store:${digest}`, `store:team/app:1@${digest}`]) {
      for (const pullPolicy of ['never', 'new', 'update'] as const) {
        await expect(finder.find(text, { pullPolicy })).resolves.toMatchObject({ name, target, isFetched: false })
      }
    }
    const none = `sha256:${'0'.repeat(64)}`
    for (const text of ['store:other', `store:${none}`, `store:team/app:1@${none}`]) {
      await expect(finder.find(text)).rejects.toThrow(failure('NOT_FOUND', 'there is no store:'))
    }
    expect(finder.opened()).toEqual([])
  })
})

describe('a digest in a name', () => {
  it('decides, whatever the tag stands for in the store', async () => {
    const [old, newer] = [testImage({ seed: 'old', platform }), testImage({ seed: 'new', platform })]
    const pinned = `docker://team/app:1@${newer.root.digest}`
    const finder = await testFinder({ 'docker://team/app:1': { image: old }, [pinned]: { image: newer } })
    await finder.find('docker://team/app:1')
    await expect(finder.find(pinned, { pullPolicy: 'never' })).rejects.toThrow(failure('NOT_FOUND'))
    await expect(finder.find(pinned)).resolves.toMatchObject({ isFetched: true, target: { digest: newer.root.digest } })
    await expect(finder.find(pinned)).resolves.toMatchObject({ isFetched: false })
  })
})
