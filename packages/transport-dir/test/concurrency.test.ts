import { putImage, testImage, writeImage } from '@crossdock/transport-testkit'
import { expect, it } from 'vitest'
import { CHILDREN_RUN, runChild } from '../../blob-files/test/children/run-child.ts'
import { dirTransport } from '../src/index.ts'
import { putSigned, signaturesOf, signedIndex } from './children/signed-images.ts'
import { namesIn, namesOf, readImage, strayFiles, wrongFiles } from './content.ts'
import { temporaryFolder } from './temporary-folder.ts'

const dir = dirTransport()
const WRITE_IMAGES = new URL('children/write-images.ts', import.meta.url)

it('gives the folder to the last of two that write at once, and takes nothing from the other before', async () => {
  const folder = await temporaryFolder()
  await writeImage(dir.parseReference(folder), testImage())
  const [one, other] = [testImage({ seed: 'one' }), testImage({ seed: 'other' })]
  await using first = await dir.parseReference(folder).openDestination()
  await using second = await dir.parseReference(folder).openDestination()
  await putImage(second, other)
  await putImage(first, one)
  await first.commit()
  expect(await readImage(folder)).toBe(one.root.digest)
  await second.commit()
  expect(await readImage(folder)).toBe(other.root.digest)
  expect(await namesIn(folder)).toEqual(namesOf(other))
})

it('names what one counted on and the other removed, and takes it again', async () => {
  const folder = await temporaryFolder()
  const old = testImage()
  await writeImage(dir.parseReference(folder), old)
  await using first = await dir.parseReference(folder).openDestination()
  await using second = await dir.parseReference(folder).openDestination()
  for (const { descriptor } of old.blobs) expect(await second.reuseBlob?.(descriptor)).toBeDefined()
  await second.putManifest(old.root)
  await putImage(first, testImage({ seed: 'one' }))
  await first.commit()
  const missing = old.blobs.map(({ descriptor }) => descriptor.digest)
  await expect(second.commit()).rejects.toMatchObject({
    code: 'CONFLICT',
    retryable: true,
    missing: expect.arrayContaining(missing),
  })
  expect(await readImage(folder)).toBe(testImage({ seed: 'one' }).root.digest)
  await putImage(second, old)
  await second.commit()
  expect(await namesIn(folder)).toEqual(namesOf(old))
})

it('lets many of one process write the same image', async () => {
  const folder = await temporaryFolder()
  const image = testImage()
  await Promise.all(Array.from({ length: 12 }, () => writeImage(dir.parseReference(folder), image)))
  expect(await readImage(folder)).toBe(image.root.digest)
  expect(await namesIn(folder)).toEqual(namesOf(image))
  expect(await strayFiles(folder)).toEqual([])
})

it.runIf(CHILDREN_RUN)(
  'is one image of four processes that write in rounds, and a reader never sees half a manifest',
  async () => {
    const folder = await temporaryFolder()
    await using destination = await dir.parseReference(folder).openDestination()
    await putSigned(destination, 'p0 0')
    await destination.commit()
    const names = ['p0', 'p1', 'p2', 'p3']
    const seeds = names.flatMap((name) => [0, 1, 2].map((round) => `${name} ${round}`))
    const digests = seeds.map((seed) => signedIndex(seed).root.digest)
    const running = new AbortController()
    let reads = 0
    const reader = (async () => {
      while (!running.signal.aborted) {
        await using source = await dir.parseReference(folder).openSource()
        expect(digests).toContain((await source.getManifest()).digest)
        reads++
      }
    })()
    await Promise.all(names.map((name) => runChild(WRITE_IMAGES, [folder, name, '3'])))
    running.abort()
    await reader
    expect(reads).toBeGreaterThan(12)
    const final = await readImage(folder)
    const seed = seeds.find((one) => signedIndex(one).root.digest === final) ?? ''
    const content = (await namesIn(folder)).filter((name) => !name.includes('signature-'))
    expect(content).toEqual(namesOf(signedIndex(seed)))
    await using source = await dir.parseReference(folder).openSource()
    expect(await source.getSignatures()).toEqual(signaturesOf(seed))
    expect(await wrongFiles(folder)).toEqual([])
    expect(await strayFiles(folder)).toEqual([])
  },
  60_000,
)
