import { hostPlatform } from '@crossdock/formats'
import { testImage } from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { aciOf, imageIdOf } from './archives.ts'
import { failure, type TestFinder, testFinder } from './test-finder.ts'

/** Two archives whose IDs begin alike, as far as `prefix`, and a third. */
async function alike(): Promise<{ readonly archives: readonly Uint8Array[]; readonly prefix: string }> {
  const seen = new Map<string, Uint8Array>()
  for (let count = 0; ; count += 1) {
    const archive = await aciOf({ name: 'example.com/app', content: `${count}` })
    const prefix = imageIdOf(archive).slice(0, 'sha512-'.length + 2)
    const other = seen.get(prefix)
    if (other !== undefined) return { archives: [other, archive], prefix }
    seen.set(prefix, archive)
  }
}

async function filled(): Promise<{
  readonly finder: TestFinder
  readonly ids: readonly string[]
  readonly prefix: string
}> {
  const { archives, prefix } = await alike()
  const finder = await testFinder()
  for (const [index, archive] of archives.entries()) {
    finder.shelf.images.set(`https://example.com/${index}.aci`, { archive })
    await finder.find(`https://example.com/${index}.aci`)
  }
  finder.opened()
  return { finder, prefix, ids: archives.map(imageIdOf) }
}

describe('an image ID', () => {
  it('whole or as much of it as tells it from others finds an image in the store', async () => {
    const { finder, ids } = await filled()
    const [one = '', other = ''] = ids
    const different = Array.from(one).findIndex((character, index) => character !== other[index]) + 1
    for (const [index, id] of ids.entries()) {
      for (const text of [id, id.slice(0, different)]) {
        for (const pullPolicy of ['never', 'new', 'update'] as const) {
          const image = await finder.find(text, { pullPolicy })
          expect(image).toMatchObject({ name: `https://example.com/${index}.aci`, imageId: id, isFetched: false })
          expect(image.from).toBeUndefined()
        }
      }
    }
    expect(finder.opened()).toEqual([])
  })

  it('that several begin with is not enough, unless all of them are one', async () => {
    const { finder, prefix, ids } = await filled()
    await expect(finder.find(prefix)).rejects.toThrow(failure('CONFLICT', prefix))
    await finder.store.images.delete('https://example.com/1.aci')
    await finder.find('https://example.com/0.aci', { name: 'again' })
    await expect(finder.find(prefix)).resolves.toMatchObject({ imageId: ids[0] })
  })

  it('of none is found nowhere else', async () => {
    const { finder, ids } = await filled()
    const none = ids.some((id) => id.startsWith('sha512-00')) ? 'sha512-ffff' : 'sha512-0000'
    await expect(finder.find(none)).rejects.toThrow(failure('NOT_FOUND', none))
    expect(finder.opened()).toEqual([])
  })

  it('is that of what a name stands for, and not of what it stood for', async () => {
    const { finder, ids } = await filled()
    const [first = ''] = ids
    const { target } = await finder.find(ids[1] ?? '')
    await finder.store.images.put({ name: 'https://example.com/0.aci', target })
    await expect(finder.find(first)).rejects.toThrow(failure('NOT_FOUND', first.slice(0, 40)))
  })
})

describe('a digest', () => {
  it('finds an image in the store', async () => {
    const { finder } = await filled()
    const image = testImage({ platform: hostPlatform() })
    finder.shelf.images.set('docker://team/app:1', { image })
    await finder.find('docker://team/app:1')
    finder.opened()
    const { digest } = image.root
    await expect(finder.find(digest)).resolves.toMatchObject({ name: 'docker.io/team/app:1', target: { digest } })
    const none = `sha256:${'0'.repeat(64)}`
    await expect(finder.find(none)).rejects.toThrow(failure('NOT_FOUND', none))
    expect(finder.opened()).toEqual([])
  })
})
