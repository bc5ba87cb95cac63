import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestEncoded } from '@crossdock/core'
import { randomBytes, rootDescriptor, testBlob, testImage, testIndex, writeImage } from '@crossdock/transport-testkit'
import { expect, it } from 'vitest'
import { ociDirTransport } from '../src/index.ts'
import { collect } from './collect.ts'
import { fixture, TESTREPO } from './fixtures.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { readImage, strayFiles, wrongBlobs } from './verify-layout.ts'

const oci = ociDirTransport()
const [one, two] = [testImage({ seed: 'one' }), testImage({ seed: 'two' })]

it('removes the name and what only it reached', async () => {
  const folder = await temporaryFolder()
  await writeImage(oci.parseReference(`${folder}:one`), one)
  await writeImage(oci.parseReference(`${folder}:two`), two)
  await oci.parseReference(`${folder}:one`).delete()
  expect(await collect(oci.parseReference(folder).tags())).toEqual(['two'])
  expect(await readImage(`${folder}:two`)).toBe(two.root.digest)
  expect(await blobNames(folder)).toEqual(blobsOfImage(two))
  await oci.parseReference(folder).delete()
  expect(await blobNames(folder)).toEqual([])
  await expect(oci.parseReference(folder).delete()).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(await strayFiles(folder)).toEqual([])
})

it('keeps what another name needs, and what nobody named', async () => {
  const folder = await temporaryFolder()
  const index = testIndex()
  await writeImage(oci.parseReference(`${folder}:all`), index)
  const before = await blobNames(folder)
  await writeImage(oci.parseReference(`${folder}:same`), index)
  const { bytes, descriptor } = testBlob(randomBytes(10, 'orphan'))
  await writeFile(join(folder, 'blobs/sha256', digestEncoded(descriptor.digest)), bytes)
  await oci.parseReference(`${folder}:all`).delete()
  expect(await readImage(`${folder}:same`)).toBe(index.root.digest)
  expect(await blobNames(folder)).toEqual([...before, digestEncoded(descriptor.digest)].toSorted())
})

it('leaves the blobs of a store, which collects what nothing needs by itself', async () => {
  const folder = await temporaryFolder()
  await writeImage(oci.parseReference(`${folder}:one`), one)
  const before = await blobNames(folder)
  await writeFile(join(folder, 'crossdock.db'), '')
  await oci.parseReference(`${folder}:one`).delete()
  expect(await collect(oci.parseReference(folder).tags())).toEqual([])
  expect(await blobNames(folder)).toEqual(before)
})

it('by digest removes every name of the manifest, or just the one that is given', async () => {
  const folder = await temporaryFolder()
  for (const name of ['a', 'b', 'c']) await writeImage(oci.parseReference(`${folder}:${name}`), one)
  await writeImage(oci.parseReference(`${folder}:two`), two)
  const { digest } = rootDescriptor(one)
  await expect(oci.parseReference(`${folder}:two@${digest}`).delete()).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await oci.parseReference(`${folder}:b@${digest}`).delete()
  expect(await collect(oci.parseReference(folder).tags())).toEqual(['a', 'c', 'two'])
  await oci.parseReference(`${folder}@${digest}`).delete()
  expect(await collect(oci.parseReference(folder).tags())).toEqual(['two'])
  expect(await blobNames(folder)).toEqual(blobsOfImage(two))
})

it('by place removes that entry', async () => {
  const folder = await temporaryFolder()
  for (const name of ['a', 'b', 'c']) await writeImage(oci.parseReference(`${folder}:${name}`), one)
  await oci.parseReference(`${folder}:@1`).delete()
  expect(await collect(oci.parseReference(folder).tags())).toEqual(['a', 'c'])
})

it('refuses, and changes nothing, if another entry is of an unknown type', async () => {
  const folder = await temporaryFolder()
  await cp(fixture('go-containerregistry/test_index'), folder, { recursive: true })
  const before = await readFile(join(folder, 'index.json'), 'utf8')
  const blobs = await blobNames(folder)
  await expect(oci.parseReference(`${folder}:1`).delete()).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringContaining('nothing was deleted'),
  })
  expect(await readFile(join(folder, 'index.json'), 'utf8')).toBe(before)
  expect(await blobNames(folder)).toEqual(blobs)
})

it('leaves the other images of a layout of another program whole', async () => {
  const folder = await temporaryFolder()
  await cp(TESTREPO, folder, { recursive: true })
  const names = await collect(oci.parseReference(folder).tags())
  for (const name of ['v1', 'a-docker', 'b3']) await oci.parseReference(`${folder}:${name}`).delete()
  // The list of what refers to an image that is gone goes with it.
  const orphan = 'sha256-7e87ffc91b9ceafa85be2777b16b1be10e4664fd4f3acc86e4295b97da5163ba'
  expect(names).toContain(orphan)
  const rest = names.filter((name) => !['v1', 'a-docker', 'b3', orphan].includes(name))
  expect(await collect(oci.parseReference(folder).tags())).toEqual(rest)
  for (const name of rest) await readImage(`${folder}:${name}`)
  expect(await wrongBlobs(folder)).toEqual([])
})

it('never touches blobs that layouts share', async () => {
  const folder = await temporaryFolder()
  const sharing = ociDirTransport({ sharedBlobDir: join(folder, 'shared') })
  await writeImage(sharing.parseReference(`${folder}/layout:t`), one)
  await sharing.parseReference(`${folder}/layout:t`).delete()
  expect((await readdir(join(folder, 'shared/sha256'))).toSorted()).toEqual(blobsOfImage(one))
})

it('says what is missing, and does not make a layout to delete from', async () => {
  const folder = await temporaryFolder()
  await expect(oci.parseReference(join(folder, 'none:t')).delete()).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(await readdir(folder)).toEqual([])
  await writeImage(oci.parseReference(`${folder}:one`), one)
  await expect(oci.parseReference(`${folder}:other`).delete()).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(oci.parseReference(`${folder}:one`).delete({ signal: AbortSignal.abort('stop') })).rejects.toBe('stop')
  expect(await readImage(`${folder}:one`)).toBe(one.root.digest)
})

async function blobNames(folder: string): Promise<string[]> {
  return (await readdir(join(folder, 'blobs/sha256'))).toSorted()
}

function blobsOfImage(image: typeof one): string[] {
  const digests = [
    ...image.manifests.map(({ digest }) => digest),
    ...image.blobs.map(({ descriptor }) => descriptor.digest),
  ]
  return digests.map(digestEncoded).toSorted()
}
