import { hostPlatform } from '@crossdock/formats'
import { namesInStore } from '@crossdock/store'
import { testImage } from '@crossdock/transport-testkit'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isLocal, storedName } from '../src/stored-name.ts'
import { aciOf } from './archives.ts'
import { createShelf } from './shelf.ts'
import { failure, testFinder } from './test-finder.ts'

const DIGEST = `sha256:${'0'.repeat(64)}`

function nameOf(text: string): string {
  const colon = text.indexOf(':')
  return storedName(
    createShelf()
      .transport(text.slice(0, colon))
      .parseReference(text.slice(colon + 1)),
  )
}

describe('the name in a store', () => {
  it.each([
    ['docker://alpine', 'docker.io/library/alpine:latest'],
    ['docker://team/app:1', 'docker.io/team/app:1'],
    [`docker://team/app:1@${DIGEST}`, 'docker.io/team/app:1'],
    [`docker://team/app@${DIGEST}`, `docker.io/team/app@${DIGEST}`],
    ['appc:example.com/app:1,os=linux', 'appc:example.com/app:1,os=linux'],
    ['https://example.com/app.aci', 'https://example.com/app.aci'],
    ['https://example.com/@me/app.aci', 'https://example.com/%40me/app.aci'],
    ['https://example.com/a%20b.tar#app:1', 'https://example.com/a%20b.tar#app:1'],
    [`https://example.com/a.tar#@${DIGEST}`, `https://example.com/a.tar#%40${DIGEST}`],
    ['docker-archive:/images/a.tar:@0', 'docker-archive:/images/a.tar:%400'],
    ['aci:/home/me/my image@1%.aci', 'aci:/home/me/my%20image%401%25.aci'],
    ['aci:app.aci', 'aci:./app.aci'],
    ['dir:images', 'dir:./images'],
    ['appc:example.com', 'appc:./example.com'],
  ])('%s: %s', (text, name) => {
    expect(nameOf(text)).toBe(name)
  })

  it('says nothing of the query of a URL, and tells two of them apart', () => {
    const names = ['', '?token=one', '?token=two'].map((query) => nameOf(`https://example.com/app.aci${query}`))
    expect(new Set(names).size).toBe(3)
    for (const name of names) expect(name).toMatch(/^https:\/\/example\.com\/app\.aci(?:\?[0-9a-f]{16})?$/)
    expect(nameOf('https://example.com/a.tar?token=one#app')).toMatch(/\?[0-9a-f]{16}#app$/)
  })

  it('is that of one path, is no name of a registry, and has no digest', () => {
    const path = fc.string({ unit: fc.constantFrom('a', '.', '@', '%', ' ', '4', '0', ':1', '/'), minLength: 1 })
    fc.assert(
      fc.property(path, path, (one, other) => {
        const [name, another] = [one, other].map((text) => nameOf(`aci:/${text}.aci`))
        expect(name === another).toBe(one === other)
        expect(namesInStore(name ?? '')).toEqual({ names: [name], digest: undefined })
      }),
    )
  })
})

it.each([
  ['aci:/a.aci', true],
  ['aci:-', true],
  ['oci-archive:-', true],
  ['docker-archive:/a.tar', true],
  ['docker-archive:a.tar:app', true],
  ['https://example.com/a.aci', false],
  ['docker://alpine', false],
  ['appc:example.com/app', false],
])('whether %s is a file: %j', (text, expected) => {
  const colon = text.indexOf(':')
  expect(
    isLocal(
      createShelf()
        .transport(text.slice(0, colon))
        .parseReference(text.slice(colon + 1)),
    ),
  ).toBe(expected)
})

describe('a name that is given', () => {
  it('is what the image is called, and is found by', async () => {
    const image = testImage({ platform: hostPlatform() })
    const finder = await testFinder({
      'docker://team/app:1': { image },
      'appc:example.com/app': { archive: await aciOf({ name: 'example.com/app' }) },
    })
    await expect(finder.find('docker://team/app:1', { name: 'mine' })).resolves.toMatchObject({
      name: 'docker.io/library/mine:latest',
    })
    await expect(finder.find('appc:example.com/app', { name: 'app' })).resolves.toMatchObject({
      name: 'docker.io/library/app:latest',
    })
    finder.opened()
    await expect(finder.find('docker://team/app:1', { name: 'mine' })).resolves.toMatchObject({ isFetched: false })
    await expect(finder.find('appc:example.com/app')).resolves.toMatchObject({ isFetched: false })
    expect(finder.opened()).toEqual([])
    expect(Object.keys(await finder.names())).toEqual(['docker.io/library/app:latest', 'docker.io/library/mine:latest'])
  })

  it('stands for no image from elsewhere', async () => {
    const finder = await testFinder({
      'docker://team/app:1': { image: testImage({ platform: hostPlatform() }) },
      'https://example.com/app.aci': { archive: await aciOf({ name: 'example.com/app' }) },
    })
    const options = { name: 'mine' } as const
    const one = await finder.find('docker://team/app:1', options)
    const asked = 'https://example.com/app.aci'
    await expect(finder.find(asked, { ...options, pullPolicy: 'never' })).rejects.toThrow(failure('NOT_FOUND', asked))
    const other = await finder.find(asked, options)
    expect(other).toMatchObject({ name: one.name, isFetched: true })
    expect(other.target.digest).not.toBe(one.target.digest)
    await expect(finder.find(asked, { ...options, pullPolicy: 'never' })).resolves.toMatchObject({
      target: other.target,
    })
    await expect(finder.find('docker://team/app:1', options)).resolves.toMatchObject({ target: one.target })
  })

  it('that another program gave in short is found', async () => {
    const image = testImage({ platform: hostPlatform() })
    const finder = await testFinder({ 'docker://alpine:3': { image } })
    const { target, name } = await finder.find('docker://alpine:3')
    await finder.store.images.create({ name: 'alpine:3', target })
    await finder.store.images.delete(name)
    finder.opened()
    await expect(finder.find('docker://alpine:3')).resolves.toMatchObject({ name: 'alpine:3' })
    expect(finder.opened()).toEqual([])
  })
})
