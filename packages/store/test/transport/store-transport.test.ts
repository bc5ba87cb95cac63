import { access, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bytesBody, digestEncoded, digestOf, type Signature } from '@crossdock/core'
import { referrersTag } from '@crossdock/formats'
import {
  faultyBody,
  putImage,
  rootDescriptor,
  testArtifact,
  testImage,
  testIndex,
  writeImage,
} from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { openStore, type Store, type StoreTransport, storeTransport } from '../../src/index.ts'
import { allOf } from '../all-of.ts'
import { temporaryFolder } from '../temporary-folder.ts'

interface Place {
  readonly store: Store
  readonly transport: StoreTransport
}

async function emptyPlace(): Promise<Place> {
  const store = await openStore({ folder: await temporaryFolder(), durability: 'fast' })
  return { store, transport: storeTransport({ store }) }
}

async function names({ store }: Place): Promise<readonly string[]> {
  return (await store.images.list()).map(({ name }) => name)
}

const ago = { minAgeMs: 0 }

describe('a blob that breaks off', () => {
  it.each([
    [undefined, 1],
    [true, 1],
    [false, 0],
  ])('with resume: %j leaves %i files to go on from', async (resume, left) => {
    const folder = await temporaryFolder()
    const transport = storeTransport({ folder, durability: 'fast', resume })
    const { bytes, descriptor } = testImage().blobs[1]!
    await using destination = await transport.parseReference('alpine').openDestination!()
    const put = destination.putBlob(faultyBody(bytesBody(bytes), { failAfterBytes: 1000 }), descriptor)
    await expect(put).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await readdir(join(folder, '.crossdock/partial'))).toHaveLength(left)
    await transport.close?.()
  })
})

describe('an image that is written', () => {
  it('is in index.json under its full name', async () => {
    const place = await emptyPlace()
    await writeImage(place.transport.parseReference('alpine'), testImage())
    const index = JSON.parse(await readFile(join(place.store.folder, 'index.json'), 'utf8')) as { manifests: object[] }
    expect(index.manifests).toMatchObject([
      { annotations: { 'org.opencontainers.image.ref.name': 'docker.io/library/alpine:latest' } },
    ])
  })

  it('is kept from being collected on the way, without a grace, and by its name afterwards', async () => {
    const place = await emptyPlace()
    const image = testIndex()
    await using destination = await place.transport.parseReference('alpine').openDestination!()
    await putImage(destination, image)
    expect(await place.store.collect(ago)).toMatchObject({ blobs: 0 })
    await destination.commit()
    await destination[Symbol.asyncDispose]()
    expect(await place.store.leases.list()).toEqual([])
    expect(await place.store.collect(ago)).toMatchObject({ blobs: 0 })
    expect(await allOf(place.store.verify())).toEqual([])
  })

  it('and not committed can be collected', async () => {
    const place = await emptyPlace()
    {
      await using destination = await place.transport.parseReference('alpine').openDestination!()
      await putImage(destination, testImage())
    }
    expect(await names(place)).toEqual([])
    const { blobs } = await place.store.collect(ago)
    expect(blobs).toBe(4)
  })

  it('takes what others left of its blobs meanwhile away', async () => {
    const place = await emptyPlace()
    const partial = join(place.store.folder, '.crossdock/partial')
    await using destination = await place.transport.parseReference('alpine').openDestination!()
    const image = testImage()
    await putImage(destination, image)
    await writeFile(join(partial, `sha256-${digestEncoded(image.blobs[0]!.descriptor.digest)}.kept`), 'x')
    await destination.commit()
    expect(await readdir(partial)).toEqual([])
  })

  it('builds on blobs that nothing kept, and they stay', async () => {
    const place = await emptyPlace()
    const image = testImage()
    await writeImage(place.transport.parseReference('old'), image)
    await place.transport.parseReference('old').delete()
    await using destination = await place.transport.parseReference('new').openDestination!()
    for (const { descriptor } of image.blobs) expect(await destination.reuseBlob!(descriptor)).toBeDefined()
    await place.store.collect(ago)
    await destination.putManifest(image.root)
    await destination.commit()
    expect(await allOf(place.store.verify())).toEqual([])
  })

  it('builds on an instance that is there, and it stays', async () => {
    const place = await emptyPlace()
    const image = testImage()
    await writeImage(place.transport.parseReference('old'), image)
    await place.transport.parseReference('old').delete()
    await using destination = await place.transport.parseReference('new').openDestination!()
    const target = rootDescriptor(image)
    expect(await destination.hasManifest!(target, { instance: target.digest })).toBe(true)
    expect(await place.store.collect(ago)).toMatchObject({ blobs: 0 })
  })

  it('does not take the place of what was lost meanwhile', async () => {
    const place = await emptyPlace()
    const image = testImage()
    await using destination = await place.transport.parseReference('x').openDestination!()
    await putImage(destination, image)
    const [lost] = image.blobs
    await place.store.leases.delete((await place.store.leases.list())[0]!.id)
    await place.store.collect(ago)
    await expect(destination.commit()).rejects.toMatchObject({ code: 'CONFLICT', retryable: true })
    expect(lost).toBeDefined()
    expect(await names(place)).toEqual([])
  })

  it('under the lease of whoever writes stays under it', async () => {
    const place = await emptyPlace()
    const lease = await place.store.leases.create({ id: 'mine' })
    const transport = storeTransport({ store: place.store.withLease(lease) })
    const image = testImage()
    await writeImage(transport.parseReference('x'), image)
    const kept = (await place.store.leases.resources('mine')).map(({ id }) => id)
    expect(kept).toEqual(expect.arrayContaining(image.blobs.map(({ descriptor }) => descriptor.digest)))
    expect((await place.store.leases.list()).map(({ id }) => id)).toEqual(['mine'])
  })
})

describe('a name', () => {
  it('that another program gave is found, and what is written gets the full one', async () => {
    const place = await emptyPlace()
    const image = testImage()
    await writeImage(place.transport.parseReference('x'), image)
    await place.store.images.create({ name: 'alpine:3', target: rootDescriptor(image) })
    await using source = await place.transport.parseReference('alpine:3').openSource()
    expect((await source.getManifest()).digest).toBe(image.root.digest)
    expect(await allOf(place.transport.parseReference('x').tags())).toEqual(['latest'])
    expect(await allOf(place.transport.parseReference('Other').tags())).toEqual(['alpine:3'])
  })

  it('is left alone by a digest that decides', async () => {
    const place = await emptyPlace()
    const [one, two] = [testImage({ seed: 'one' }), testImage({ seed: 'two' })]
    await writeImage(place.transport.parseReference('x'), one)
    await writeImage(place.transport.parseReference('y'), two)
    await using source = await place.transport.parseReference(`x@${two.root.digest}`).openSource()
    expect((await source.getManifest()).digest).toBe(two.root.digest)
    await expect(place.transport.parseReference(`x@${two.root.digest}`).delete()).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
    await place.transport.parseReference(two.root.digest).delete()
    expect(await names(place)).toEqual(['docker.io/library/x:latest'])
    expect(place.transport.parseReference(two.root.digest).openDestination).toBeUndefined()
  })

  it('counts as used when its image is read', async () => {
    let time = 1e12
    const clock = { now: () => time }
    const store = await openStore({ folder: await temporaryFolder(), durability: 'fast', clock })
    const transport = storeTransport({ store })
    await writeImage(transport.parseReference('x'), testImage())
    await writeImage(transport.parseReference('y'), testImage({ seed: 'y' }))
    time += 3_600_000
    await using _source = await transport.parseReference('x').openSource()
    await store.prune({ unusedForMs: 1_800_000, minAgeMs: 0 })
    expect((await store.images.list()).map(({ name }) => name)).toEqual(['docker.io/library/x:latest'])
  })
})

describe('what belongs to an image', () => {
  const signature: Signature = { format: 'simple', bytes: new Uint8Array([0x90, 1, 2, 3]) }

  async function signed(place: Place, name: string, seed: string): Promise<ReturnType<typeof testImage>> {
    const image = testImage({ seed })
    await using destination = await place.transport.parseReference(name).openDestination!()
    await putImage(destination, image)
    await destination.putSignatures!([signature])
    await destination.commit()
    return image
  }

  it('goes with its last name', async () => {
    const place = await emptyPlace()
    const image = await signed(place, 'x', 'x')
    const other = await signed(place, 'z', 'z')
    await place.store.images.put({ name: 'docker.io/library/y:latest', target: rootDescriptor(image) })
    expect(await names(place)).toContain(referrersTag(image.root.digest))
    await place.transport.parseReference('x').delete()
    expect(await names(place)).toContain(referrersTag(image.root.digest))
    await place.transport.parseReference('y').delete()
    expect(await names(place)).toEqual(['docker.io/library/z:latest', referrersTag(other.root.digest)])
    await place.store.collect(ago)
    expect(await allOf(place.store.verify())).toEqual([])
  })

  it('goes when the name comes to stand for another', async () => {
    const place = await emptyPlace()
    await signed(place, 'x', 'x')
    await writeImage(place.transport.parseReference('x'), testImage({ seed: 'newer' }))
    expect(await names(place)).toEqual(['docker.io/library/x:latest'])
  })

  it('is added to by several at once without loss', async () => {
    const place = await emptyPlace()
    const image = testImage()
    await writeImage(place.transport.parseReference('x'), image)
    const artifacts = Array.from({ length: 6 }, (_, number) =>
      testArtifact({ seed: `artifact ${number}`, subject: rootDescriptor(image) }),
    )
    await Promise.all(
      artifacts.map(async (artifact, number) => {
        await using destination = await place.transport.parseReference(`writer-${number}`).openDestination!()
        await putImage(destination, artifact)
        await destination.commit()
      }),
    )
    await using source = await place.transport.parseReference('x').openSource()
    const listed = await allOf(source.referrers!(image.root.digest))
    expect(new Set(listed.map(({ digest }) => digest))).toEqual(new Set(artifacts.map(({ root }) => root.digest)))
  })
})

describe('a store that is not there', () => {
  it('is not made by reading', async () => {
    const folder = join(await temporaryFolder(), 'none')
    const transport = storeTransport({ folder })
    await expect(transport.parseReference('x').openSource()).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(access(folder)).rejects.toThrow('ENOENT')
    await writeImage(transport.parseReference('x'), testImage())
    await transport.close?.()
    await using source = await transport.parseReference('x').openSource()
    expect((await source.getManifest()).digest).toBe(testImage().root.digest)
    await transport.close?.()
  })

  it('is refused as options that make no sense are', () => {
    expect(() => storeTransport({ folder: '' })).toThrow(expect.objectContaining({ code: 'INVALID_DATA' }))
  })

  it('has no blob that is no manifest as an image', async () => {
    const place = await emptyPlace()
    const image = testImage()
    await writeImage(place.transport.parseReference('x'), image)
    const { digest } = image.blobs.at(-1)!.descriptor
    await expect(place.transport.parseReference(digest).openSource()).rejects.toThrow(expect.anything())
    await expect(place.transport.parseReference(digestOf(Buffer.from('absent'))).openSource()).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })
})
