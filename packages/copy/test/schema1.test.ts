import { gunzipSync, zstdCompressSync } from 'node:zlib'
import { type Digest, digestOf, ImageError, type ProgressEvent } from '@crossdock/core'
import {
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  DOCKER_SCHEMA1,
  DOCKER_SCHEMA1_SIGNED,
  EMPTY_LAYER_DIGEST,
  type ImageManifest,
  OCI_MANIFEST,
  parseAnyManifest,
} from '@crossdock/formats'
import {
  memoryTransport,
  type MemoryTransportOptions,
  rootDescriptor,
  testBlob,
  type TestImage,
  testManifest,
  testSchema1,
  wrapTransport,
} from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { copyImage, type CopyOptions, planCopy } from '../src/index.ts'

function placed(image: TestImage, to: MemoryTransportOptions = {}) {
  const [source, destination] = [memoryTransport(), memoryTransport(to)]
  source.store.put('from:1', image)
  const ends = [source.parseReference('from:1'), destination.parseReference('to:1')] as const
  return {
    source,
    destination,
    ends,
    copy: (options?: CopyOptions) => copyImage(...ends, options),
    plan: (options?: CopyOptions) => planCopy(...ends, options),
    blob: (digest: Digest) => destination.store.repository('to').blobs.get(digest),
    /** How often each blob of the source was opened. */
    opens: () => source.store.blobOpens.map(({ digest }) => digest),
  }
}

type Place = ReturnType<typeof placed>

/** The layers' digests, the configuration, and what the layers that are there unpack to. */
function converted({ blob }: Place, manifest: Parameters<typeof parseAnyManifest>[0]) {
  const parsed = parseAnyManifest(manifest) as ImageManifest
  const config: unknown = JSON.parse(Buffer.from(blob(parsed.config.digest) ?? []).toString())
  const layers = parsed.layers.map(({ digest }) => blob(digest) ?? new Uint8Array())
  return { parsed, config, diffIds: layers.map((bytes) => digestOf(unpacked(bytes))) }
}

function unpacked(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0x1f ? gunzipSync(bytes) : bytes
}

const DOCKER_ONLY = { destinationTraits: { manifestTypes: [DOCKER_MANIFEST] } }

/** Copies to a destination that says only when it is asked to write this type that it takes none. */
function copyWithout(refused: string, { ends: [from, to], destination }: Place): ReturnType<typeof copyImage> {
  const wrapped = wrapTransport(destination, {
    destination: (inner) => ({
      ...inner,
      async putManifest(manifest, options) {
        if (manifest.mediaType === refused) throw new ImageError('UNSUPPORTED', `no ${refused} here`)
        await inner.putManifest(manifest, options)
      },
    }),
  })
  return copyImage(from, wrapped.parseReference(to.toString()))
}

describe('schema 1 as it is', () => {
  it.each([
    ['signed', testSchema1(), DOCKER_SCHEMA1_SIGNED],
    ['unsigned', testSchema1({ signed: false }), DOCKER_SCHEMA1],
  ])('%s: byte for byte, with the layers of steps without files, each read once', async (_, image, mediaType) => {
    const place = placed(image)
    const events: ProgressEvent[] = []
    const result = await place.copy({ onProgress: (event) => events.push(event) })
    expect(result).toMatchObject({ digest: image.root.digest, warnings: [], moved: 3 })
    const stored = place.destination.store.repository('to').manifests.get(image.root.digest)
    expect(stored?.bytes).toEqual(image.root.bytes)
    expect(stored?.mediaType).toBe(mediaType)
    for (const { descriptor, bytes } of image.blobs) expect(place.blob(descriptor.digest)).toEqual(bytes)
    expect(place.opens().toSorted()).toEqual(image.blobs.map(({ descriptor }) => descriptor.digest).toSorted())
    const bytes = image.blobs.reduce((sum, blob) => sum + blob.bytes.byteLength, 0)
    expect(events.find(({ type }) => type === 'plan')).toMatchObject({ blobs: 3, bytes })
    expect(result.bytes.moved).toBe(bytes)
    expect(await place.copy()).toMatchObject({ upToDate: true })
  })

  it('goes on where an attempt before it broke off', async () => {
    const image = testSchema1({ layerBytes: 20_000, emptyStep: false, layers: 1 })
    const place = placed(image)
    const [layer] = image.blobs
    const { digest } = layer!.descriptor
    place.destination.store.repository('to').partials.set(digest, layer!.bytes.slice(0, 9000))
    expect((await place.copy()).bytes).toMatchObject({ resumed: 9000 })
    expect(place.source.store.blobOpens).toMatchObject([{ digest, offset: 9000 }])
  })

  it('unsigned gets a signature where none is refused, and keeps its digest', async () => {
    const image = testSchema1({ signed: false })
    const { manifest } = await copyWithout(DOCKER_SCHEMA1, placed(image))
    expect(manifest).toMatchObject({ mediaType: DOCKER_SCHEMA1_SIGNED, digest: image.root.digest })
  })

  it('cannot be copied from where nobody says how large layers are', async () => {
    const { ends, source } = placed(testSchema1())
    const silent = wrapTransport(source, { source: ({ blobSize: _, ...inner }) => inner })
    await expect(copyImage(silent.parseReference('from:1'), ends[1])).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      side: 'source',
      message: expect.stringContaining('how large layers are'),
    })
  })
})

describe.each([
  ['docker', DOCKER_MANIFEST],
  ['oci', OCI_MANIFEST],
] as const)('schema 1 as %s', (format, mediaType) => {
  it('has the right diff IDs, and no layers of steps without files; each layer is read once', async () => {
    const image = testSchema1()
    const place = placed(image)
    const planned = await place.plan({ format })
    const lost = expect.arrayContaining([expect.stringContaining('signatures')])
    expect(planned).toMatchObject({
      digest: undefined,
      manifests: [{ digest: image.root.digest, becomes: { mediaType, digest: undefined, lost } }],
      bytes: { total: planned.bytes.move },
    })
    expect(planned.blobs.map(({ action }) => action)).toEqual(['move', 'move'])
    const events: ProgressEvent[] = []
    const result = await place.copy({ format, onProgress: (event) => events.push(event) })
    expect(result).toMatchObject({ sourceDigest: image.root.digest, moved: 2, reused: 0 })
    expect(result.manifest.mediaType).toBe(mediaType)
    const { parsed, config, diffIds } = converted(place, result.manifest)
    expect(config).toMatchObject({ architecture: 'amd64', rootfs: { diff_ids: diffIds } })
    expect(parsed.layers.map(({ size }) => size)).toEqual(planned.blobs.map(({ blob }) => blob.size))
    expect(place.blob(EMPTY_LAYER_DIGEST)).toBeUndefined()
    expect(place.opens()).toHaveLength(2)
    expect(events.find(({ type }) => type === 'plan')).toMatchObject({ blobs: 2, bytes: result.bytes.moved })
    expect(result.warnings).toEqual([expect.stringMatching(/was written as .*it lost .*signature/)])
  })

  it('is the same if layers are there already, which are read nevertheless', async () => {
    const image = testSchema1()
    const expected = (await placed(image).copy({ format })).digest
    const place = placed(image)
    const [layer] = image.blobs
    place.destination.store.repository('to').blobs.set(layer!.descriptor.digest, layer!.bytes)
    const planned = await place.plan({ format })
    expect(planned.blobs).toMatchObject([{ action: 'read', bytes: layer!.bytes.byteLength }, { action: 'move' }])
    expect(await place.copy({ format })).toMatchObject({ digest: expected, moved: 2 })
    expect(place.opens()).toHaveLength(2)
  })

  it('is the same if an attempt before it broke off', async () => {
    const image = testSchema1({ layerBytes: 20_000 })
    const expected = (await placed(image).copy({ format })).digest
    const place = placed(image)
    const [layer] = image.blobs
    place.destination.store.repository('to').partials.set(layer!.descriptor.digest, layer!.bytes.slice(0, 9000))
    expect((await place.copy({ format })).digest).toBe(expected)
    expect(place.source.store.blobOpens.map(({ offset }) => offset)).toEqual([0, 0])
  })

  it('may have plain layers, which keep the type that schema 1 gives them', async () => {
    const place = placed(testSchema1({ compression: 'none' }))
    const { manifest } = await place.copy({ format })
    const { parsed, config, diffIds } = converted(place, manifest)
    expect(parsed.layers.every((layer) => layer.mediaType.endsWith('gzip'))).toBe(true)
    expect(config).toMatchObject({ rootfs: { diff_ids: diffIds } })
  })
})

describe('schema 1 in a list', () => {
  it.each([
    ['oci', OCI_MANIFEST],
    ['docker', DOCKER_MANIFEST],
    [undefined, DOCKER_SCHEMA1_SIGNED],
  ] as const)('becomes what all of it becomes: %s', async (format, mediaType) => {
    const image = testSchema1()
    const platform = { os: 'linux', architecture: 'amd64' }
    const list = testManifest(
      { schemaVersion: 2, mediaType: DOCKER_MANIFEST_LIST, manifests: [{ ...rootDescriptor(image), platform }] },
      { mediaType: DOCKER_MANIFEST_LIST },
    )
    const place = placed({ ...image, root: list, manifests: [image.root, list] })
    const { manifest } = await place.copy({ format, platforms: 'all' })
    const parsed = parseAnyManifest(manifest)
    const [entry] = parsed.kind === 'index' ? parsed.manifests : []
    expect(entry).toMatchObject({ mediaType, platform })
    const child = place.destination.store.repository('to').manifests.get(entry?.digest ?? manifest.digest)
    expect(child).toMatchObject({ mediaType })
    expect((await place.copy({ platform: 'linux/amd64' })).digest).toBe(image.root.digest)
  })
})

describe('schema 1 where it is not taken', () => {
  it('is converted, to the same as if it was asked for', async () => {
    const image = testSchema1()
    const { digest } = await placed(image).copy({ format: 'docker' })
    expect((await placed(image, DOCKER_ONLY).copy()).digest).toBe(digest)
  })

  it('is converted as well if that is said only at the end, and no layer is read twice', async () => {
    const image = testSchema1()
    const place = placed(image)
    const { digest } = await placed(image).copy({ format: 'docker' })
    expect((await copyWithout(DOCKER_SCHEMA1_SIGNED, place)).digest).toBe(digest)
    expect(new Set(place.opens()).size).toBe(place.opens().length)
  })

  it('and has layers there already, they are read then', async () => {
    const image = testSchema1()
    const place = placed(image)
    for (const { descriptor, bytes } of image.blobs) {
      place.destination.store.repository('to').blobs.set(descriptor.digest, bytes)
    }
    const { digest } = await placed(image).copy({ format: 'docker' })
    expect((await copyWithout(DOCKER_SCHEMA1_SIGNED, place)).digest).toBe(digest)
    expect(place.opens()).toHaveLength(2)
  })

  it('nor may change, is refused before a layer moves', async () => {
    const place = placed(testSchema1(), DOCKER_ONLY)
    await expect(place.copy({ preserveDigests: true })).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    expect(place.opens()).toEqual([])
  })
})

describe('layers of schema 1', () => {
  it.each([
    ['zstd', OCI_MANIFEST],
    ['none', DOCKER_MANIFEST],
  ] as const)('packed as %s on the way', async (format, mediaType) => {
    const image = testSchema1()
    const place = placed(image)
    const layers = { format, force: true }
    const { manifest } = await place.copy({ layers, format: mediaType === OCI_MANIFEST ? 'oci' : 'docker' })
    const plain = image.blobs.slice(0, 2).map(({ bytes }) => digestOf(unpacked(bytes)))
    const { parsed, config } = converted(place, manifest)
    expect(config).toMatchObject({ rootfs: { diff_ids: plain } })
    expect(parsed.layers.every(({ mediaType: type }) => type.endsWith(format === 'none' ? 'tar' : 'zstd'))).toBe(true)
    expect(place.opens()).toHaveLength(2)
  })

  it('packed anew in schema 1 itself leave the empty one alone', async () => {
    const place = placed(testSchema1())
    const { manifest } = await place.copy({ layers: { format: 'none' } })
    const parsed = parseAnyManifest(manifest)
    expect(manifest.mediaType).toBe(DOCKER_SCHEMA1_SIGNED)
    expect(parsed.kind === 'schema1' && parsed.layers.at(-1)?.digest).toBe(EMPTY_LAYER_DIGEST)
  })

  it.each<[string, (bytes: Uint8Array) => Uint8Array, string]>([
    ['cut', (bytes) => bytes.slice(0, -20), 'INVALID_DATA'],
    ['followed by something else', (bytes) => Buffer.concat([bytes, Buffer.from('evil')]), 'INVALID_DATA'],
    ['gzip in name alone', () => Uint8Array.of(0x1f, 0x8b, 8, 0, 1, 2, 3), 'INVALID_DATA'],
    ['a bomb', () => zstdCompressSync(Buffer.alloc(200 * 1024 * 1024)), 'LIMIT_EXCEEDED'],
  ])('%s are refused by name, and nothing is published', async (_, spoil, code) => {
    const image = testSchema1({ layers: 1, emptyStep: false })
    const [layer] = image.blobs
    const bad = testBlob(spoil(layer!.bytes), { mediaType: layer!.descriptor.mediaType })
    const text = Buffer.from(testSchema1({ layers: 1, emptyStep: false, signed: false }).root.bytes).toString()
    const bytes = Buffer.from(text.replace(layer!.descriptor.digest, bad.descriptor.digest))
    const root = { bytes, mediaType: DOCKER_SCHEMA1, digest: digestOf(bytes) }
    const place = placed({ root, manifests: [root], blobs: [bad] })
    await expect(place.copy({ format: 'oci' })).rejects.toMatchObject({
      code,
      side: 'source',
      message: expect.stringContaining(`the layer ${bad.descriptor.digest.slice(0, 19)} cannot be unpacked`),
    })
    expect(place.destination.store.digest('to:1')).toBeUndefined()
  })

  it('that are not there are NOT_FOUND before any moves', async () => {
    const image = testSchema1()
    const place = placed({ ...image, blobs: image.blobs.slice(1) })
    await expect(place.copy({ format: 'oci' })).rejects.toMatchObject({ code: 'NOT_FOUND', side: 'source' })
    expect(place.opens()).toEqual([])
  })

  it('that are others than the manifest says are DIGEST_MISMATCH', async () => {
    const image = testSchema1()
    const place = placed(image)
    place.source.store.corrupt('from:1', image.blobs[0]!.descriptor.digest)
    await expect(place.copy({ format: 'oci' })).rejects.toMatchObject({ code: 'DIGEST_MISMATCH', side: 'source' })
    expect(place.destination.store.digest('to:1')).toBeUndefined()
  })

  it('may be ten thousand', { timeout: 60_000 }, async () => {
    const place = placed(testSchema1({ layers: 10_000, layerBytes: 1 }))
    const { manifest, moved } = await place.copy({ format: 'oci' })
    expect(moved).toBe(10_000)
    expect((parseAnyManifest(manifest) as ImageManifest).layers).toHaveLength(10_000)
  })
})

describe('what a schema 1 manifest says of where it is kept', () => {
  const named = { dockerReference: { domain: 'example.com', path: 'team/new', tag: 'v2' } }

  function renamed(place: Place): ReturnType<typeof copyImage> {
    const [from, to] = place.ends
    const wrapped = wrapTransport(place.destination, {
      destination: (inner) => ({
        ...inner,
        reference: { ...inner.reference, ...named, toString: () => to.toString() },
      }),
    })
    return copyImage(from, wrapped.parseReference(to.toString()))
  }

  it('stays, since its digest would be another', async () => {
    const image = testSchema1()
    expect((await renamed(placed(image))).digest).toBe(image.root.digest)
  })

  it('is filled in if it is nothing, since no registry takes that', async () => {
    const { manifest } = await renamed(placed(testSchema1({ name: '', tag: '' })))
    expect(parseAnyManifest(manifest)).toMatchObject({ name: 'team/new', tag: 'v2', mediaType: DOCKER_SCHEMA1_SIGNED })
  })
})
