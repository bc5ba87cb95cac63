import { gzipSync } from 'node:zlib'
import {
  digestOf,
  type Descriptor,
  type DigestAlgorithm,
  type Digest,
  type ManifestBytes,
  type Platform,
} from '@crossdock/core'
import { MEDIA_TYPES, type TestImageFormat } from './media-types.ts'
import { randomBytes } from './random-bytes.ts'
import { tarOf } from './tar.ts'

export interface TestBlob {
  readonly descriptor: Descriptor
  readonly bytes: Uint8Array
}

/** An image with everything it reaches, made in memory, with right digests and sizes. */
export interface TestImage {
  /** The document that the image's name stands for. */
  readonly root: ManifestBytes
  /** Every document, `root` among them, in an order in which they can be written: children first, referrers last. */
  readonly manifests: readonly ManifestBytes[]
  /** Every config and layer, each once. */
  readonly blobs: readonly TestBlob[]
}

export interface TestImageOptions {
  /** Images of different seeds share no blob. Default: `image`. */
  readonly seed?: string | undefined
  /** Default: `oci`. */
  readonly format?: TestImageFormat | undefined
  /** Default: 2. */
  readonly layers?: number | undefined
  /** The size of the one file in each layer, in bytes. Default: 3000. */
  readonly layerBytes?: number | undefined
  /** Default: `none`, a plain tar. */
  readonly compression?: 'none' | 'gzip' | undefined
  /** What the manifest names its blobs by. Default: sha256. */
  readonly algorithm?: DigestAlgorithm | undefined
  /** Default: linux on amd64. */
  readonly platform?: Platform | undefined
  /** Annotations of the manifest. Default: none. */
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

/** One image: a config and layers that are real tar archives, the diff IDs among them right. */
export function testImage(options: TestImageOptions = {}): TestImage {
  const { seed = 'image', format = 'oci', algorithm = 'sha256', annotations } = options
  const { platform = { os: 'linux', architecture: 'amd64' } } = options
  const layers = testLayers(options)
  const types = MEDIA_TYPES[format]
  const config = testBlob(
    jsonBytes({
      ...platform,
      created: '1970-01-01T00:00:00Z',
      config: { Env: [`SEED=${seed}`] },
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
      history: layers.map(() => ({ created: '1970-01-01T00:00:00Z', created_by: 'test image' })),
    }),
    { mediaType: types.config, algorithm },
  )
  const root = testManifest(
    {
      schemaVersion: 2,
      mediaType: types.manifest,
      config: config.descriptor,
      layers: layers.map(({ blob }) => blob.descriptor),
      ...(annotations !== undefined && { annotations }),
    },
    { mediaType: types.manifest },
  )
  return { root, manifests: [root], blobs: [config, ...layers.map(({ blob }) => blob)] }
}

interface TestLayer {
  readonly blob: TestBlob
  readonly diffId: Digest
}

function testLayers(options: TestImageOptions): TestLayer[] {
  const { seed = 'image', format = 'oci', layers = 2, layerBytes = 3000, compression = 'none' } = options
  const mediaType = MEDIA_TYPES[format][compression === 'gzip' ? 'gzipLayer' : 'layer']
  return Array.from({ length: layers }, (_, index) => {
    const tar = tarOf({ [`file-${index}`]: randomBytes(layerBytes, `${seed} layer ${index}`) })
    const bytes = compression === 'gzip' ? new Uint8Array(gzipSync(tar)) : tar
    return { blob: testBlob(bytes, { mediaType, algorithm: options.algorithm }), diffId: digestOf(tar) }
  })
}

export interface TestBlobOptions {
  /** Default: `application/octet-stream`. */
  readonly mediaType?: string | undefined
  /** Default: sha256. */
  readonly algorithm?: DigestAlgorithm | undefined
}

/** Bytes with the descriptor that belongs to them. */
export function testBlob(bytes: Uint8Array, options: TestBlobOptions = {}): TestBlob {
  const { mediaType = 'application/octet-stream', algorithm = 'sha256' } = options
  return { descriptor: { mediaType, digest: digestOf(bytes, algorithm), size: bytes.byteLength }, bytes }
}

/** A document as manifest bytes. The bytes are indented, so that whoever serialises it anew changes its digest. */
export function testManifest(document: unknown, { mediaType }: { readonly mediaType: string }): ManifestBytes {
  const bytes = jsonBytes(document)
  return { bytes, mediaType, digest: digestOf(bytes) }
}

/** The descriptor of an image's root. */
export function rootDescriptor({ root }: TestImage): Descriptor {
  return { mediaType: root.mediaType, digest: root.digest, size: root.bytes.byteLength }
}

function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, undefined, 3)}\n`)
}
