import { isAciSource } from '@crossdock/archive'
import { createTransportRegistry, ImageError, type ImageReference, imageName } from '@crossdock/core'
import { hostPlatform } from '@crossdock/formats'
import { testImage } from '@crossdock/transport-testkit'
import { describe, expect, it, onTestFinished } from 'vitest'
import { withDependencies, type WithDependenciesOptions } from '../src/index.ts'
import { openSource } from '../src/with-dependencies.ts'
import { aciOf } from './archives.ts'
import { createShelf, type Shelf } from './shelf.ts'
import { failure } from './test-finder.ts'

const A = 'https://example.com/a.aci'
const B = 'appc:example.com/b'

async function filled(): Promise<{
  readonly shelf: Shelf
  reading(name: string, options?: Partial<WithDependenciesOptions>): ImageReference
}> {
  const shelf = createShelf()
  onTestFinished(() => expect(shelf.openNow).toBe(0))
  const transports = createTransportRegistry(['https', 'appc', 'docker'].map((name) => shelf.transport(name)))
  const on = { name: 'example.com/a', dependencies: ['example.com/b'] }
  shelf.images.set(A, { archive: await aciOf(on) })
  shelf.images.set(B, { archive: await aciOf({ name: 'example.com/b' }) })
  return {
    shelf,
    reading: (name, options) => withDependencies(transports.parse(name), { transports, ...options }),
  }
}

async function layersOf(reference: ImageReference): Promise<number> {
  await using source = await openSource(reference)
  const { bytes } = await source.getManifest()
  const { layers }: { readonly layers: readonly object[] } = JSON.parse(new TextDecoder().decode(bytes))
  return layers.length
}

describe('an image with what it depends on', () => {
  it('has the files of both, and is of the same reference', async () => {
    const { shelf, reading } = await filled()
    const reference = reading(A)
    expect(imageName(reference)).toBe(A)
    expect(shelf.opened).toEqual([])
    expect(await layersOf(reference)).toBe(2)
    expect(shelf.opened).toEqual([A, B])
  })

  it('is still one that is made of an archive', async () => {
    const { reading } = await filled()
    await using source = await openSource(reading(A))
    expect(isAciSource(source)).toBe(true)
  })

  it('is not there if that is not there', async () => {
    const { shelf, reading } = await filled()
    shelf.images.delete(B)
    await expect(layersOf(reading(A))).rejects.toThrow(failure('NOT_FOUND', B))
  })

  it.each(['169.254.169.254/b', '0x7f.1/b', '2130706433/b', 'localhost/b', 'a.localhost/b'])(
    'may not choose the address %s',
    async (name) => {
      const { shelf, reading } = await filled()
      shelf.images.set(A, { archive: await aciOf({ name: 'example.com/a', dependencies: [name] }) })
      shelf.images.set(`appc:${name}`, { archive: await aciOf({ name }) })
      await expect(layersOf(reading(A))).rejects.toThrow(failure('UNSUPPORTED', 'is at an address'))
      expect(shelf.opened).toEqual([A])
    },
  )

  it('may lie where it lies itself', async () => {
    const { shelf, reading } = await filled()
    const there = 'https://127.0.0.1:8443/a.aci'
    shelf.images.set(there, { archive: await aciOf({ name: 'a', dependencies: ['127.0.0.1/b'] }) })
    shelf.images.set('appc:127.0.0.1/b', { archive: await aciOf({ name: '127.0.0.1/b' }) })
    expect(await layersOf(reading(there))).toBe(2)
  })

  it('is refused with it', async () => {
    const { shelf, reading } = await filled()
    const asked: string[] = []
    const admitted = reading(A, { admit: ({ reference }) => void asked.push(imageName(reference)) })
    await layersOf(admitted)
    expect(asked).toEqual([B])
    const refused = reading(A, {
      admit: () => {
        throw new ImageError('REJECTED_BY_POLICY', 'no trust')
      },
    })
    await expect(layersOf(refused)).rejects.toThrow(failure('REJECTED_BY_POLICY'))
    expect(shelf.openNow).toBe(0)
  })

  it('of another kind is what it is', async () => {
    const { shelf, reading } = await filled()
    const image = testImage({ platform: hostPlatform(), layers: 3 })
    shelf.images.set('docker://app', { image })
    expect(await layersOf(reading('docker://app'))).toBe(3)
    expect(shelf.opened).toEqual(['docker://app'])
  })

  it('that cannot be read cannot be read', async () => {
    const { shelf } = await filled()
    const { openSource: _, ...rest } = shelf.transport('docker').parseReference('//app')
    const reference = withDependencies(rest, { transports: createTransportRegistry([]) })
    await expect(reference.openSource?.()).rejects.toThrow(failure('UNSUPPORTED', 'docker://app'))
  })
})
