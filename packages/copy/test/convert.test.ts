import { gunzipSync } from 'node:zlib'
import { type Descriptor, type Digest, digestOf, ImageError, type ProgressEvent } from '@crossdock/core'
import {
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  type ImageManifest,
  OCI_INDEX,
  OCI_LAYER_TAR,
  OCI_MANIFEST,
  parseManifest,
} from '@crossdock/formats'
import {
  memoryTransport,
  testArtifact,
  testImage,
  testIndex,
  withReferrers,
  wrapTransport,
  testBlob,
  testManifest,
} from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { copyImage, type CopyOptions, planCopy } from '../src/index.ts'

type Image = ReturnType<typeof testImage>

function placed(image: Image, traits: Parameters<typeof memoryTransport>[0] = {}) {
  const [from, to] = [memoryTransport(), memoryTransport(traits)]
  from.store.put('from:1', image)
  const ends = [from.parseReference('from:1'), to.parseReference('to:1')] as const
  return {
    from,
    to,
    copy: (options?: CopyOptions) => copyImage(...ends, options),
    plan: (options?: CopyOptions) => planCopy(...ends, options),
    blob: (digest: Digest) => to.store.repository('to').blobs.get(digest),
    manifest: (digest: Digest) => to.store.repository('to').manifests.get(digest),
  }
}

function imageOf(bytes: Uint8Array, mediaType: string): ImageManifest {
  const parsed = parseManifest({ bytes, mediaType, digest: digestOf(bytes) })
  if (parsed.kind === 'index') throw new TypeError('an index')
  return parsed
}

function layersOf(bytes: Uint8Array, mediaType: string): readonly Descriptor[] {
  return imageOf(bytes, mediaType).layers
}

describe('a format that is asked for', () => {
  it.each([
    ['docker', 'oci', OCI_MANIFEST],
    ['oci', 'docker', DOCKER_MANIFEST],
  ] as const)('%s to %s: manifest and config are made, layers stay', async (format, wanted, mediaType) => {
    const image = testImage({ format, compression: 'gzip' })
    const place = placed(image)
    const planned = await place.plan({ format: wanted })
    const result = await place.copy({ format: wanted })
    expect(result.manifest.mediaType).toBe(mediaType)
    expect(result.digest).not.toBe(image.root.digest)
    expect(result.sourceDigest).toBe(image.root.digest)
    expect(planned.digest).toBe(result.digest)
    expect(planned.manifests).toMatchObject([
      { digest: image.root.digest, candidates: [mediaType], becomes: { mediaType, digest: result.digest } },
    ])
    const layers = layersOf(result.manifest.bytes, mediaType).map(({ digest }) => digest)
    expect(layers).toEqual(layersOf(image.root.bytes, image.root.mediaType).map(({ digest }) => digest))
    const { config } = imageOf(result.manifest.bytes, mediaType)
    expect(place.blob(config.digest)?.byteLength).toBe(config.size)
    expect(result.warnings).toEqual([expect.stringContaining(`was written as ${mediaType}`)])
  })

  it('is that of an index and of all that it lists', async () => {
    const index = testIndex({ entries: [testImage({ seed: 'a' }), testImage({ seed: 'b', platform: ARM })] })
    const place = placed(index)
    const { manifest } = await place.copy({ format: 'docker', platforms: 'all' })
    expect(manifest.mediaType).toBe(DOCKER_MANIFEST_LIST)
    const parsed = parseManifest(manifest)
    const entries = parsed.kind === 'index' ? parsed.manifests : []
    expect(new Set(entries.map(({ mediaType }) => mediaType))).toEqual(new Set([DOCKER_MANIFEST]))
    expect(entries.every(({ digest }) => place.manifest(digest) !== undefined)).toBe(true)
    expect(place.manifest(index.manifests[0]?.digest ?? manifest.digest)).toBeUndefined()
  })

  it('that it has already changes nothing', async () => {
    const image = testImage()
    const { digest, warnings } = await placed(image).copy({ format: 'oci' })
    expect([digest, warnings]).toEqual([image.root.digest, []])
  })

  it('is not made again if the destination has the result', async () => {
    const place = placed(testImage({ format: 'docker' }))
    const first = await place.copy({ format: 'oci' })
    expect(await place.copy({ format: 'oci' })).toMatchObject({ upToDate: true, digest: first.digest })
  })

  it.each([
    ['its digest is to be preserved', { preserveDigests: true }],
    ['what refers to it', { referrers: true }],
  ] as const)('is refused where nothing may change: %s', async (why, options) => {
    const image = testImage({ format: 'docker' })
    const { bytes, digest, mediaType } = image.root
    const referrer = testArtifact({ subject: { digest, mediaType, size: bytes.byteLength } })
    const place = placed({
      ...image,
      manifests: [...image.manifests, referrer.root],
      blobs: [...image.blobs, ...referrer.blobs],
    })
    const refusal = place.copy({ format: 'oci', ...options })
    await expect(refusal).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining(why) })
    expect(place.from.store.blobOpens).toEqual([])
  })

  it('is refused for what has none, before a byte moves', async () => {
    const image = testImage()
    const text = new TextDecoder().decode(image.root.bytes).replaceAll('layer.v1.tar', 'layer.v1.odd')
    const bytes = new TextEncoder().encode(text)
    const root = { ...image.root, bytes, digest: digestOf(bytes) }
    const place = placed({ ...image, root, manifests: [root] })
    await expect(place.copy({ format: 'docker' })).rejects.toMatchObject({ code: 'UNSUPPORTED', side: 'source' })
    expect(place.from.store.blobOpens).toEqual([])
  })
})

const ARM = { os: 'linux', architecture: 'arm64' }

/** Takes no OCI manifests, and says so when it is asked to write one: at once, or in the end. */
function picky(image: Image, when: 'at once' | 'in the end') {
  const [from, to] = [memoryTransport(), memoryTransport()]
  from.store.put('from:1', image)
  const refusal = new ImageError('UNSUPPORTED', 'this registry knows no such manifests')
  const wrapped = wrapTransport(to, {
    destination: (destination) => {
      let refused = false
      return {
        ...destination,
        async putManifest(manifest, options) {
          const isRefused = manifest.mediaType === OCI_MANIFEST
          if (isRefused && (when === 'at once' || options?.instance !== undefined)) throw refusal
          if (options?.instance === undefined) refused = isRefused
          await destination.putManifest(manifest, options)
        },
        async commit(options) {
          if (refused) throw refusal
          await destination.commit(options)
        },
      }
    },
  })
  const ends = [from.parseReference('from:1'), wrapped.parseReference('to:1')] as const
  return { store: to.store, copy: (options?: CopyOptions) => copyImage(...ends, options) }
}

describe('a destination that does not take the format', () => {
  it('gets the next best one', async () => {
    const place = placed(testImage(), { destinationTraits: { manifestTypes: [DOCKER_MANIFEST, DOCKER_MANIFEST_LIST] } })
    expect((await place.copy()).manifest.mediaType).toBe(DOCKER_MANIFEST)
  })

  it.each(['at once', 'in the end'] as const)(
    'and says so only when it is asked to write it, %s, gets the next one, too',
    async (when) => {
      const { copy, store } = picky(testImage({ format: 'oci' }), when)
      const events: ProgressEvent[] = []
      const { manifest, digest, warnings } = await copy({ onProgress: (event) => events.push(event) })
      expect(manifest.mediaType).toBe(DOCKER_MANIFEST)
      expect(store.digest('to:1')).toBe(digest)
      expect(warnings).toHaveLength(1)
      expect(events.filter(({ type }) => type === 'manifest')).toHaveLength(1)
    },
  )

  it('gets an index of what its instances became', async () => {
    const { copy, store } = picky(testIndex(), 'at once')
    const { manifest } = await copy({ platforms: 'all' })
    const parsed = parseManifest(manifest)
    const entries = parsed.kind === 'index' ? parsed.manifests : []
    expect(entries.length).toBeGreaterThan(1)
    const types = entries.map((entry) => store.repository('to').manifests.get(entry.digest)?.mediaType)
    expect(new Set(types)).toEqual(new Set([DOCKER_MANIFEST]))
  })

  it.each(['at once', 'in the end'] as const)(
    'is not given another one, %s, where nothing may change',
    async (when) => {
      const image = testImage({ format: 'oci' })
      const { bytes, digest, mediaType } = image.root
      const referrer = testArtifact({ subject: { digest, mediaType, size: bytes.byteLength } })
      const { copy, store } = picky(withReferrers(image, [referrer]), when)
      for (const options of [{ preserveDigests: true }, { referrers: true }]) {
        await expect(copy(options)).rejects.toMatchObject({ code: 'UNSUPPORTED', side: 'destination' })
        expect(store.digest('to:1')).toBeUndefined()
      }
    },
  )

  it('is told why an artifact cannot be there', async () => {
    const place = placed(testArtifact(), { destinationTraits: { manifestTypes: [DOCKER_MANIFEST] } })
    await expect(place.copy()).rejects.toMatchObject({ code: 'UNSUPPORTED', side: 'destination' })
  })
})

describe('layers', () => {
  it.each(['gzip', 'zstd'] as const)('that are plain are packed with %s', async (format) => {
    const image = testImage({ layerBytes: 200_000 })
    const place = placed(image)
    expect((await place.plan({ layers: { format } })).blobs.map(({ action }) => action)).toEqual([
      'move',
      'pack',
      'pack',
    ])
    const { manifest } = await place.copy({ layers: { format } })
    const layers = layersOf(manifest.bytes, manifest.mediaType)
    expect(layers.map(({ mediaType }) => mediaType)).toEqual(
      Array(2).fill(`application/vnd.oci.image.layer.v1.tar+${format}`),
    )
    for (const { digest, size } of layers) expect(place.blob(digest)?.byteLength).toBe(size)
  })

  it('that are packed already stay, unless that is forced', async () => {
    const image = testImage({ compression: 'gzip' })
    expect((await placed(image).copy({ layers: { format: 'zstd' } })).digest).toBe(image.root.digest)
    const { manifest } = await placed(image).copy({ layers: { format: 'zstd', force: true } })
    expect(layersOf(manifest.bytes, manifest.mediaType)[0]?.mediaType).toMatch(/\+zstd$/)
  })

  it('are unpacked to what their diff IDs say', async () => {
    const image = testImage({ compression: 'gzip' })
    const place = placed(image)
    const { manifest } = await place.copy({ layers: { format: 'none' } })
    const plain = image.blobs.slice(1).map(({ bytes }) => digestOf(gunzipSync(bytes)))
    expect(layersOf(manifest.bytes, manifest.mediaType).map(({ digest }) => digest)).toEqual(plain)
  })

  it('are unpacked for a destination that wants them so, whatever is asked for', async () => {
    const place = placed(testImage({ compression: 'gzip' }), { destinationTraits: { layerFormats: ['none'] } })
    const { manifest } = await place.copy({ layers: { format: 'zstd', force: true } })
    expect(layersOf(manifest.bytes, manifest.mediaType)[0]?.mediaType).toMatch(/tar$/)
  })

  it('stay as they are, or are unpacked, for a destination that takes some packings', async () => {
    const takesGzip = { destinationTraits: { layerFormats: ['none', 'gzip'] as const } }
    for (const layers of [undefined, { format: 'zstd', force: true }] as const) {
      const { manifest } = await placed(testImage({ compression: 'gzip' }), takesGzip).copy({ layers })
      expect(layersOf(manifest.bytes, manifest.mediaType)[0]?.mediaType).toMatch(/gzip$/)
    }
    const { manifest } = await placed(testImage(), takesGzip).copy({ layers: { format: 'gzip' } })
    expect(layersOf(manifest.bytes, manifest.mediaType)[0]?.mediaType).toMatch(/gzip$/)
  })

  it('are all unpacked where they were packed differently, for a destination that takes one packing', async () => {
    const image = testImage({ compression: 'gzip' })
    const [config, plain, ...rest] = image.blobs
    const unpacked = testBlob(gunzipSync(plain!.bytes), { mediaType: OCI_LAYER_TAR })
    const document = JSON.parse(Buffer.from(image.root.bytes).toString()) as { layers: unknown[] }
    const layers = [unpacked.descriptor, ...rest.map(({ descriptor }) => descriptor)]
    const root = testManifest({ ...document, layers }, { mediaType: OCI_MANIFEST })
    const mixed = { root, manifests: [root], blobs: [config!, unpacked, ...rest] }
    for (const sameLayerFormat of [true, false]) {
      const place = placed(mixed, { destinationTraits: { sameLayerFormat } })
      const { manifest } = await place.copy({})
      const types = layersOf(manifest.bytes, manifest.mediaType).map(({ mediaType }) => mediaType.endsWith('gzip'))
      expect(types).toEqual(layers.map((_, at) => !sameLayerFormat && at > 0))
    }
  })

  it('are packed for a destination that likes it, if the manifest is made by the source anyway', async () => {
    for (const makesManifest of [true, false]) {
      const [from, to] = [
        memoryTransport({ sourceTraits: { makesManifest } }),
        memoryTransport({ destinationTraits: { layerCompression: 'compress' } }),
      ]
      from.store.put('from:1', testImage())
      const { manifest } = await copyImage(from.parseReference('from:1'), to.parseReference('to:1'))
      expect(layersOf(manifest.bytes, manifest.mediaType)[0]?.mediaType).toMatch(makesManifest ? /gzip$/ : /tar$/)
    }
  })

  it('in zstd make an OCI image of a Docker one', async () => {
    const { manifest } = await placed(testImage({ format: 'docker' })).copy({ layers: { format: 'zstd' } })
    expect(manifest.mediaType).toBe(OCI_MANIFEST)
    const refused = placed(testImage()).copy({ layers: { format: 'zstd' }, format: 'docker' })
    await expect(refused).rejects.toMatchObject({ code: 'UNSUPPORTED', side: 'destination' })
  })

  it('need not be as they were for a destination that keeps no manifests, but no digest is promised', async () => {
    const place = placed(testImage(), { destinationTraits: { keepsManifests: false } })
    await expect(place.copy({ preserveDigests: true })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      side: 'destination',
      message: expect.stringContaining('keeps no manifest'),
    })
  })

  it('in zstd are unpacked on the way to a Docker format that has no name for it', async () => {
    const first = placed(testImage())
    const { manifest } = await first.copy({ layers: { format: 'zstd' } })
    const memory = memoryTransport({
      destinationTraits: { manifestTypes: [DOCKER_MANIFEST], layerFormats: ['none'] },
    })
    const result = await copyImage(first.to.parseReference('to:1'), memory.parseReference('archive:1'))
    expect(manifest.mediaType).toBe(OCI_MANIFEST)
    expect(layersOf(result.manifest.bytes, DOCKER_MANIFEST)[0]?.mediaType).toMatch(/diff\.tar$/)
  })

  it('of all instances are packed, and the index names what they have become', async () => {
    const place = placed(testIndex({ entries: [testImage({ seed: 'a' }), testImage({ seed: 'b', platform: ARM })] }))
    const { manifest } = await place.copy({ layers: { format: 'gzip' }, platforms: 'all' })
    const parsed = parseManifest(manifest)
    expect(parsed).toMatchObject({ kind: 'index', mediaType: OCI_INDEX })
    for (const { digest } of parsed.kind === 'index' ? parsed.manifests : []) {
      const bytes = place.manifest(digest)?.bytes
      expect(layersOf(bytes ?? new Uint8Array(), OCI_MANIFEST)[0]?.mediaType).toMatch(/gzip$/)
    }
  })

  it('that are damaged are refused, and nothing is named', async () => {
    const image = testImage({ layerBytes: 100_000 })
    const damaged = image.blobs.map((layer) => ({
      ...layer,
      bytes: layer.bytes.map((byte, at) => (at === 70_000 ? byte ^ 1 : byte)),
    }))
    const place = placed({ ...image, blobs: damaged })
    await expect(place.copy({ layers: { format: 'gzip' }, attempts: 1 })).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    })
    expect(place.to.store.digest('to:1')).toBeUndefined()
  })

  it('move once, however many images want them', async () => {
    const image = testImage()
    const place = placed(image)
    const events: ProgressEvent[] = []
    await place.copy({ layers: { format: 'gzip' }, onProgress: (event) => events.push(event) })
    expect(events.filter(({ type }) => type === 'blob:done')).toHaveLength(image.blobs.length)
  })
})
