import { type Descriptor, type ManifestBytes, MAX_MANIFEST_BYTES, unparsedImage } from '@crossdock/core'
import { expect, test } from 'vitest'
import { chooseInstance, DOCKER_SCHEMA1, MAX_INDEX_DEPTH, OCI_INDEX, OCI_MANIFEST, readDocument } from '../src/index.ts'
import { CHILD, IMAGE, INDEX, manifestBytes } from './documents.ts'
import { serveDocuments } from './serve-documents.ts'

const linux = { os: 'linux', architecture: 'amd64' }
const image = manifestBytes(IMAGE, OCI_MANIFEST)

function describe(document: ManifestBytes, changes: Partial<Descriptor> = {}): Descriptor {
  const { mediaType, digest, bytes } = document
  return { mediaType, digest, size: bytes.byteLength, platform: linux, ...changes }
}

function indexOf(...manifests: readonly Descriptor[]): ManifestBytes {
  return manifestBytes({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }, OCI_INDEX)
}

/** Indexes in indexes, the outermost first, and at the end the image. */
function nested(levels: number): readonly ManifestBytes[] {
  const documents = [image]
  for (let level = 0; level < levels; level += 1) documents.unshift(indexOf(describe(documents[0] ?? image)))
  return documents
}

async function choose(documents: readonly ManifestBytes[], signal?: AbortSignal) {
  const source = serveDocuments(...documents)
  const top = await readDocument(unparsedImage(source))
  return await chooseInstance(source, top, { platform: linux, signal })
}

test('a document comes under the type that it says, if nobody told the source', async () => {
  const source = serveDocuments(manifestBytes(INDEX))
  const { manifest, parsed } = await readDocument(unparsedImage(source))
  expect([manifest.mediaType, parsed.kind]).toEqual([OCI_INDEX, 'index'])
})

test('schema 1 is read like the others', async () => {
  const history = [{ v1Compatibility: JSON.stringify({ id: 'a'.repeat(64) }) }]
  const schema1 = manifestBytes({ schemaVersion: 1, fsLayers: [{ blobSum: CHILD.digest }], history })
  const unparsed = unparsedImage(serveDocuments(schema1))
  const { manifest, parsed } = await readDocument(unparsed)
  expect([manifest.mediaType, parsed.kind]).toEqual([DOCKER_SCHEMA1, 'schema1'])
})

test('what an index says of a document must hold', async () => {
  const unparsed = unparsedImage(serveDocuments(image))
  expect((await readDocument(unparsed, { descriptor: describe(image) })).parsed.kind).toBe('image')
  await expect(readDocument(unparsed, { descriptor: describe(image, { size: 1 }) })).rejects.toMatchObject({
    code: 'INVALID_DATA',
    message: expect.stringContaining('its descriptor says 1'),
    image: 'test:image',
  })
})

test('what is said to be beyond the limit is not fetched', async () => {
  const source = serveDocuments()
  const descriptor = describe(image, { size: MAX_MANIFEST_BYTES + 1 })
  await expect(readDocument(unparsedImage(source, image.digest), { descriptor })).rejects.toMatchObject({
    code: 'LIMIT_EXCEEDED',
    message: expect.stringContaining(image.digest),
    image: 'test:image',
  })
})

test('what cannot be read is told with the image that it belongs to', async () => {
  const source = serveDocuments(manifestBytes('{'))
  await expect(readDocument(unparsedImage(source))).rejects.toMatchObject({
    code: 'INVALID_DATA',
    image: 'test:image',
  })
})

test.each([0, 1, 2, MAX_INDEX_DEPTH])('an image below %i indexes is found', async (levels) => {
  expect((await choose(nested(levels))).manifest.digest).toBe(image.digest)
})

test.each([MAX_INDEX_DEPTH + 1, 500])('an image below %i indexes is refused', async (levels) => {
  await expect(choose(nested(levels))).rejects.toMatchObject({
    code: 'LIMIT_EXCEEDED',
    message: 'indexes are nested more than 8 deep',
    image: 'test:image',
  })
})

test('an instance whose size is not as the index says is refused', async () => {
  await expect(choose([indexOf(describe(image, { size: 7 })), image])).rejects.toMatchObject({
    code: 'INVALID_DATA',
    message: expect.stringContaining('but its descriptor says 7'),
  })
})

test('a platform that is not there is told with the image', async () => {
  await expect(choose([indexOf({ ...CHILD, platform: { os: 'plan9', architecture: 'mips' } })])).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: 'the index has no image for linux/amd64; available: plan9/mips',
    image: 'test:image',
  })
})

test('an abort ends the choice with its own reason', async () => {
  const reason = new Error('enough')
  await expect(choose(nested(2), AbortSignal.abort(reason))).rejects.toBe(reason)
})
