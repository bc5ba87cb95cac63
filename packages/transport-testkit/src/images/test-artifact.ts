import type { Descriptor } from '@crossdock/core'
import { EMPTY_MEDIA_TYPE, MEDIA_TYPES } from './media-types.ts'
import { randomBytes } from './random-bytes.ts'
import { testBlob, testManifest, type TestImage } from './test-image.ts'
import { distinctBlobs } from './test-index.ts'

export interface TestArtifactOptions {
  /** Default: `artifact`. */
  readonly seed?: string | undefined
  /** Default: `application/vnd.example.artifact`. */
  readonly artifactType?: string | undefined
  /** The manifest that it refers to. Default: none. */
  readonly subject?: Descriptor | undefined
  /** Its one layer. Default: 700 bytes that depend on the seed. */
  readonly content?: Uint8Array | undefined
}

/** An OCI manifest that is no image: an empty config, one layer of a made-up type, fields that no reader knows. */
export function testArtifact(options: TestArtifactOptions = {}): TestImage {
  const { seed = 'artifact', artifactType = 'application/vnd.example.artifact', subject } = options
  const { content = randomBytes(700, seed) } = options
  const config = testBlob(new TextEncoder().encode('{}'), { mediaType: EMPTY_MEDIA_TYPE })
  const layer = testBlob(content, { mediaType: 'application/vnd.example.artifact.content' })
  const root = testManifest(
    {
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.oci.manifest,
      artifactType,
      config: config.descriptor,
      layers: [layer.descriptor],
      ...(subject !== undefined && { subject }),
      annotations: { 'com.example.seed': seed },
      'x-unknown': { kept: true, number: 1.5e3 },
    },
    { mediaType: MEDIA_TYPES.oci.manifest },
  )
  return { root, manifests: [root], blobs: [config, layer] }
}

/** The image with what refers to it, so that both are written together. */
export function withReferrers(image: TestImage, referrers: readonly TestImage[]): TestImage {
  return {
    root: image.root,
    manifests: [...image.manifests, ...referrers.flatMap(({ manifests }) => manifests)],
    blobs: distinctBlobs([image, ...referrers]),
  }
}
