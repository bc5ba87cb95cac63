import { bytesBody, digestOf, ImageError, type Digest } from '@crossdock/core'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { faultyBody, memoryTransport, putImage, testImage, writeImage } from '../../src/index.ts'

const image = testImage()
const [config, layer] = image.blobs

function must<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new RangeError('the test image lacks what the test needs')
  return value
}

/** How a name prints, or the code that it is refused with. No name prints in capitals with an underscore. */
function printedOrCode(text: string): string {
  try {
    return memoryTransport().parseReference(text).toString()
  } catch (error) {
    return error instanceof ImageError ? error.code : String(error)
  }
}

describe('references', () => {
  const component = fc.stringMatching(/^[a-z0-9]{1,8}$/)
  const digest = fc.string({ maxLength: 20 }).map((text) => digestOf(new TextEncoder().encode(text)))
  const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/)

  test('every name of the grammar is read and prints itself', () => {
    const name = fc.record({ parts: fc.array(component, { minLength: 1, maxLength: 4 }), tag, digest })
    fc.assert(
      fc.property(name, fc.boolean(), ({ parts, tag: chosen, digest: pinned }, withDigest) => {
        const text = `${parts.join('/')}:${chosen}${withDigest ? `@${pinned}` : ''}`
        expect(memoryTransport().parseReference(text).toString()).toBe(text)
      }),
    )
  })

  test('any text is read to a name that is stable, or refused as an invalid reference', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const printed = printedOrCode(text)
        expect(['INVALID_REFERENCE', printedOrCode(printed)]).toContain(printed)
      }),
    )
  })

  test('a name without tag and digest is tagged latest; one with a digest alone is not tagged', () => {
    const { parseReference } = memoryTransport()
    expect(parseReference('a').toString()).toBe('a:latest')
    expect(parseReference(`a@${image.root.digest}`).toString()).toBe(`a@${image.root.digest}`)
  })
})

describe('the store', () => {
  test('counts openings with their offsets', async () => {
    const memory = memoryTransport()
    memory.store.put('a:1', image)
    const { descriptor } = must(layer)
    const source = await memory.parseReference('a:1').openSource()
    await source.getBlob(descriptor)
    await source.getBlob(descriptor, { offset: 7 })
    const { digest } = descriptor
    expect(memory.store.blobOpens).toEqual([
      { repository: 'a', digest, offset: 0 },
      { repository: 'a', digest, offset: 7 },
    ])
  })

  test('knows what was interrupted, what was lost and what was damaged', async () => {
    const memory = memoryTransport()
    const { bytes, descriptor } = must(layer)
    const destination = await memory.parseReference('a:1').openDestination()
    await expect(
      destination.putBlob(faultyBody(bytesBody(bytes), { failAfterBytes: 9 }), descriptor),
    ).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(memory.store.partial('a', descriptor.digest)).toBe(9)

    await writeImage(memory.parseReference('a:1'), image)
    expect(memory.store.partial('a', descriptor.digest)).toBe(0)
    expect(memory.store.digest('a:1')).toBe(image.root.digest)
    memory.store.corrupt('a', descriptor.digest)
    expect(digestOf(must(memory.store.blob('a', descriptor.digest)))).not.toBe(descriptor.digest)
    expect(await destination.findBlob?.(descriptor)).toBeUndefined()
    memory.store.lose('a', descriptor.digest)
    expect(memory.store.blob('a', descriptor.digest)).toBeUndefined()
    expect(() => memory.store.corrupt('a', descriptor.digest)).toThrow(RangeError)
  })
})

describe('destinations', () => {
  test('take a blob over from the repository that it comes from, in the same store only', async () => {
    const memory = memoryTransport()
    memory.store.put('team/base:1', image)
    const { descriptor, bytes } = must(layer)
    const destination = await memory.parseReference('team/app:1').openDestination()
    const from = memory.parseReference('team/base:1')
    expect(await destination.findBlob?.({ ...descriptor, from })).toBe('mountable')
    expect(memory.store.blob('team/app', descriptor.digest)).toBeUndefined()
    expect(await destination.reuseBlob?.({ ...descriptor, from })).toEqual({
      blob: descriptor,
      mountedFrom: 'team/base',
    })
    expect(memory.store.blob('team/app', descriptor.digest)).toEqual(bytes)
    const elsewhere = await memoryTransport().parseReference('team/app:1').openDestination()
    expect(await elsewhere.reuseBlob?.({ ...descriptor, from })).toBeUndefined()
  })

  test('name the blobs that a manifest lacks', async () => {
    const destination = await memoryTransport().parseReference('a:1').openDestination()
    const missing = image.blobs.map(({ descriptor }) => descriptor.digest)
    await expect(destination.putManifest(image.root)).rejects.toMatchObject({ code: 'NOT_FOUND', missing })
  })

  test('refuse another manifest than the one that the name has the digest of', async () => {
    const memory = memoryTransport()
    const other: Digest = digestOf(must(config).bytes)
    const destination = await memory.parseReference(`a@${other}`).openDestination()
    await expect(putImage(destination, image)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
  })

  test('two transports of one kind hold different images', async () => {
    const [one, two] = [memoryTransport(), memoryTransport()]
    await writeImage(one.parseReference('a:1'), image)
    await expect(two.parseReference('a:1').openSource()).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})
