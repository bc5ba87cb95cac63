import type { Platform } from '@crossdock/core'
import { MEDIA_TYPES, type TestImageFormat } from './media-types.ts'
import { rootDescriptor, testImage, testManifest, type TestBlob, type TestImage } from './test-image.ts'

export interface TestIndexOptions {
  /** Default: `index`. */
  readonly seed?: string | undefined
  /** Default: `oci`. */
  readonly format?: TestImageFormat | undefined
  /** An image is made for each. Default: linux on amd64 and on arm64/v8. */
  readonly platforms?: readonly Platform[] | undefined
  /** Further entries, without a platform: indexes, artifacts. Default: none. */
  readonly entries?: readonly TestImage[] | undefined
}

/** An index of one image per platform. */
export function testIndex(options: TestIndexOptions = {}): TestImage {
  const { seed = 'index', format = 'oci', entries = [] } = options
  const {
    platforms = [
      { os: 'linux', architecture: 'amd64' },
      { os: 'linux', architecture: 'arm64', variant: 'v8' },
    ],
  } = options
  const images = platforms.map((platform) =>
    testImage({ seed: `${seed} ${Object.values(platform).join('/')}`, format, platform, layers: 1 }),
  )
  const mediaType = MEDIA_TYPES[format].index
  const root = testManifest(
    {
      schemaVersion: 2,
      mediaType,
      manifests: [
        ...images.map((image, index) => ({ ...rootDescriptor(image), platform: platforms[index] })),
        ...entries.map((image) => rootDescriptor(image)),
      ],
    },
    { mediaType },
  )
  const all = [...images, ...entries]
  return { root, manifests: [...all.flatMap(({ manifests }) => manifests), root], blobs: distinctBlobs(all) }
}

export function distinctBlobs(images: readonly TestImage[]): TestBlob[] {
  const blobs = images.flatMap((image) => image.blobs)
  return [...new Map(blobs.map((blob) => [blob.descriptor.digest, blob])).values()]
}
