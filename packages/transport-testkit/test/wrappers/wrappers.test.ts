import { imageName } from '@crossdock/core'
import { expect, test } from 'vitest'
import {
  memoryTransport,
  readOnly,
  testImage,
  tracing,
  wrapTransport,
  writeImage,
  type TracedCall,
} from '../../src/index.ts'

test('tracing logs every call in order, with what it is about', async () => {
  const memory = memoryTransport()
  const log: TracedCall[] = []
  const image = testImage({ layers: 1 })
  const reference = tracing(memory, log).parseReference('a:1')
  await writeImage(reference, image)
  const [config, layer] = image.blobs.map(({ descriptor }) => descriptor.digest)
  const source = await reference.openSource?.()
  await source?.getBlob({ mediaType: '', digest: layer ?? image.root.digest, size: 0 }, { offset: 3 })
  const here = { reference: 'a:1' }
  expect(log).toEqual([
    { ...here, method: 'reference.openDestination' },
    { ...here, method: 'destination.putBlob', digest: config },
    { ...here, method: 'destination.putBlob', digest: layer },
    { ...here, method: 'destination.putManifest', digest: image.root.digest },
    { ...here, method: 'destination.commit' },
    { ...here, method: 'reference.openSource' },
    { ...here, method: 'source.getBlob', digest: layer, offset: 3 },
  ])
})

test('what a wrapped transport hands out names the wrapped transport', async () => {
  const memory = memoryTransport()
  memory.store.put('a:1', testImage())
  const wrapped = wrapTransport(memory, {})
  const reference = wrapped.parseReference('a:1')
  expect(reference.transport).toBe(wrapped)
  expect(imageName(reference)).toBe('memory:a:1')
  expect((await reference.openSource?.())?.reference).toBe(reference)
  expect((await reference.openDestination?.())?.reference).toBe(reference)
})

test('readOnly takes away what writes and leaves the rest', async () => {
  const memory = memoryTransport()
  memory.store.put('a:1', testImage())
  const reference = readOnly(memory).parseReference('a:1')
  expect('openDestination' in reference || 'delete' in reference).toBe(false)
  expect((await (await reference.openSource?.())?.getManifest())?.digest).toBe(memory.store.digest('a:1'))
})

test('methods of a class instance keep their instance', async () => {
  const memory = memoryTransport()
  memory.store.put('a:1', testImage())
  class Counting {
    #reads = 0
    readonly reference = memory.parseReference('a:1')
    readonly traits = {}
    async getManifest(): Promise<never> {
      this.#reads += 1
      throw new RangeError(`read ${this.#reads}`)
    }
    async getBlob(): Promise<never> {
      throw new RangeError('unused')
    }
    async getSignatures(): Promise<[]> {
      return []
    }
    async [Symbol.asyncDispose](): Promise<void> {}
  }
  const classy = wrapTransport(memory, { source: () => new Counting() })
  const source = await tracing(classy, []).parseReference('a:1').openSource?.()
  await expect(source?.getManifest()).rejects.toThrow('read 1')
})
