import { gunzipSync } from 'node:zlib'
import { digestAlgorithm, digestOf, type ManifestBytes } from '@crossdock/core'
import { expect, test } from 'vitest'
import { rootDescriptor, testArtifact, testImage, testIndex, withReferrers, type TestImage } from '../../src/index.ts'

const IMAGES: readonly [string, () => TestImage][] = [
  ['an image', () => testImage()],
  ['a Docker image', () => testImage({ format: 'docker', compression: 'gzip' })],
  ['an image with sha512 blobs', () => testImage({ algorithm: 'sha512', layers: 4 })],
  ['an index', () => testIndex()],
  ['a Docker list', () => testIndex({ format: 'docker' })],
  ['an index with an artifact', () => testIndex({ entries: [testArtifact()] })],
  ['an empty artifact', () => testArtifact({ content: new Uint8Array(0) })],
]

test.each(IMAGES)('%s is the same each time, and every digest and size is right', (_name, make) => {
  const image = make()
  expect(make()).toEqual(image)
  for (const { bytes, descriptor } of image.blobs) {
    expect(descriptor.size).toBe(bytes.byteLength)
    expect(digestOf(bytes, digestAlgorithm(descriptor.digest))).toBe(descriptor.digest)
  }
  for (const { bytes, digest } of image.manifests) expect(digestOf(bytes)).toBe(digest)
  expect(image.manifests).toContainEqual(image.root)
})

test.each(IMAGES)(
  '%s holds every blob and manifest that its documents name, written in an order that works',
  (_name, make) => {
    const image = make()
    const blobs = new Set<unknown>(image.blobs.map(({ descriptor }) => descriptor.digest))
    const written = new Set<unknown>()
    for (const manifest of image.manifests) {
      const { config, layers = [], manifests = [] } = parsed(manifest)
      for (const blob of config === undefined ? layers : [config, ...layers]) expect(blobs).toContain(blob.digest)
      for (const child of manifests) expect(written).toContain(child.digest)
      written.add(manifest.digest)
    }
  },
)

test('diff IDs are the digests of the layers without their compression', () => {
  const { blobs } = testImage({ compression: 'gzip' })
  const [config, ...layers] = blobs
  const { rootfs }: { rootfs: { diff_ids: string[] } } = JSON.parse(new TextDecoder().decode(config?.bytes))
  expect(rootfs.diff_ids).toEqual(layers.map(({ bytes }) => digestOf(gunzipSync(bytes))))
})

test('images of different seeds share nothing', () => {
  const digests = new Set(testImage({ seed: 'a' }).blobs.map(({ descriptor }) => descriptor.digest))
  expect(testImage({ seed: 'b' }).blobs.filter(({ descriptor }) => digests.has(descriptor.digest))).toEqual([])
})

test('referrers come after the image, which stays the root', () => {
  const image = testImage()
  const referrer = testArtifact({ subject: rootDescriptor(image) })
  const all = withReferrers(image, [referrer])
  expect(all.root).toBe(image.root)
  expect(all.manifests.map(({ digest }) => digest)).toEqual([image.root.digest, referrer.root.digest])
})

interface Parsed {
  readonly config?: { readonly digest: string }
  readonly layers?: readonly { readonly digest: string }[]
  readonly manifests?: readonly { readonly digest: string }[]
}

function parsed({ bytes }: ManifestBytes): Parsed {
  return JSON.parse(new TextDecoder().decode(bytes))
}
