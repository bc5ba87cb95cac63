import {
  type BlobReader,
  type Descriptor,
  digestAlgorithm,
  digestOf,
  ImageError,
  type ImageSource,
  imageName,
  MAX_CONFIG_BYTES,
  type ManifestBytes,
  type OperationOptions,
  quoteForeign,
  shortDigest,
  type UnparsedImage,
} from '@crossdock/core'
import { type ImageDocument, ofImage, readDocument } from './document.ts'
import { type ImageConfig, parseImageConfig } from './image-config.ts'
import { type ImageInspection, inspectManifest, inspectSchema1 } from './inspection.ts'
import type { ImageManifest } from './manifest.ts'
import { isConfigType } from './media-types.ts'
import type { Schema1Manifest } from './schema1.ts'
import { schema1Config } from './schema1-config.ts'
import { layersWithFiles, schema1Layers } from './schema1-layers.ts'

/** One image whose manifest was read. */
export interface Image {
  readonly bytes: ManifestBytes
  readonly manifest: ImageManifest | Schema1Manifest
  /** Whether its config is something else than that of an image. */
  readonly isArtifact: boolean
  /**
   * The layers that have files, from the base up. Nothing is fetched for them, but the sizes that Docker schema 1 does not know, see
   * `schema1Layers`.
   */
  layers(options?: OperationOptions): Promise<readonly Descriptor[]>
  /**
   * Fetches the config, whatever it is, and verifies digest and size. Throws `DIGEST_MISMATCH`, `LIMIT_EXCEEDED` beyond
   * `MAX_CONFIG_BYTES`, and `UNSUPPORTED` for Docker schema 1, which has none.
   */
  configBytes(options?: OperationOptions): Promise<Uint8Array>
  /** The same, read; of Docker schema 1 what stands in the manifest. Throws `UNSUPPORTED` for an artifact, whose config is something else. */
  config(options?: OperationOptions): Promise<ImageConfig>
  /** What people ask of an image, out of manifest and config. Throws as `config` does. */
  inspect(options?: OperationOptions): Promise<ImageInspection>
}

/** Parses what was judged. Throws `UNSUPPORTED` for an index: choose an instance first. */
export async function loadImage(
  unparsed: UnparsedImage,
  source: ImageSource,
  options?: OperationOptions,
): Promise<Image> {
  return imageOf(await readDocument(unparsed, options), source)
}

/** The image that a document is. Throws `UNSUPPORTED` for an index. */
export function imageOf(
  { image: unparsed, manifest: bytes, parsed: manifest }: ImageDocument,
  source: ImageSource,
): Image {
  const { reference } = unparsed
  const image = imageName(reference)
  if (manifest.kind === 'index') {
    throw new ImageError('UNSUPPORTED', `${quoteForeign(image)} is an index: choose one of its instances`, { image })
  }
  if (manifest.kind === 'schema1') return schema1Image({ bytes, manifest }, source)
  const configBytes = (operation?: OperationOptions): Promise<Uint8Array> =>
    readConfig(source, manifest.config, { image, operation })
  const readParsedConfig = async (operation?: OperationOptions): Promise<ImageConfig> => {
    checkIsImage(manifest.config, image)
    const config = await configBytes(operation)
    return ofImage(reference, () => parseImageConfig(config))
  }
  return {
    bytes,
    manifest,
    isArtifact: !isConfigType(manifest.config.mediaType),
    layers: async () => manifest.layers,
    configBytes,
    config: readParsedConfig,
    inspect: async (operation) => inspectManifest(manifest, await readParsedConfig(operation)),
  }
}

/** It is all in the manifest, but for the sizes of layers. */
function schema1Image(
  { bytes, manifest }: { readonly bytes: ManifestBytes; readonly manifest: Schema1Manifest },
  source: ImageSource,
): Image {
  const { reference } = source
  const image = imageName(reference)
  return {
    bytes,
    manifest,
    isArtifact: false,
    layers: async (operation) => layersWithFiles(manifest, await schema1Layers(source, manifest, operation)),
    configBytes: async () => {
      const message = `${quoteForeign(image)} is a Docker schema 1 image, which has no config: its manifest says all`
      throw new ImageError('UNSUPPORTED', message, { image })
    },
    config: async () => ofImage(reference, () => schema1Config(manifest)),
    inspect: async () => ofImage(reference, () => inspectSchema1(manifest)),
  }
}

function checkIsImage(config: Descriptor, image: string): void {
  if (isConfigType(config.mediaType)) return
  const type = quoteForeign(config.mediaType, 100)
  throw new ImageError('UNSUPPORTED', `${quoteForeign(image)} is an artifact: its config is a "${type}"`, { image })
}

interface ConfigContext {
  readonly image: string
  readonly operation: OperationOptions | undefined
}

async function readConfig(
  source: ImageSource,
  config: Descriptor,
  { image, operation }: ConfigContext,
): Promise<Uint8Array> {
  if (config.size > MAX_CONFIG_BYTES) {
    throw new ImageError(
      'LIMIT_EXCEEDED',
      `the config of ${quoteForeign(image)} has ${config.size} bytes; at most ${MAX_CONFIG_BYTES} are read`,
      { image },
    )
  }
  operation?.signal?.throwIfAborted()
  const bytes = await collect(await source.getBlob(config, operation), config.size)
  operation?.signal?.throwIfAborted()
  const actual = digestOf(bytes, digestAlgorithm(config.digest))
  if (actual !== config.digest || bytes.byteLength !== config.size) {
    throw new ImageError(
      'DIGEST_MISMATCH',
      `the config of ${quoteForeign(image)} should be ${config.digest} of ${config.size} bytes, ` +
        (bytes.byteLength > config.size
          ? 'but it is longer'
          : `but is ${shortDigest(actual)} of ${bytes.byteLength} bytes`),
      { image },
    )
  }
  return bytes
}

/** Stops at the first chunk beyond `size`. */
async function collect(reader: BlobReader, size: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of reader) {
      chunks.push(chunk)
      length += chunk.byteLength
      if (length > size) break
    }
  } finally {
    await reader[Symbol.asyncDispose]()
  }
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.byteLength
  }
  return bytes
}
