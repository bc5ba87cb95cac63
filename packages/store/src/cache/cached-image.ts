import { flattenRootTree, readRootTree, type RootLayer } from '@crossdock/archive'
import {
  type Descriptor,
  ImageError,
  type ImageSource,
  type ManifestBytes,
  type OperationOptions,
  unparsedImage,
} from '@crossdock/core'
import {
  chooseInstance,
  hostPlatform,
  type ImageConfig,
  type ImageDocument,
  type ImageIndex,
  imageOf,
  isEncryptedLayerType,
  isLayerType,
  parseManifest,
  parsePlatform,
  readDocument,
} from '@crossdock/formats'
import { decompress, verifyBlob } from '@crossdock/streams'
import type { CacheContext } from './cache-context.ts'
import { dockerTar, ociTar } from './image-tars.ts'
import { localEntries } from './index-entries.ts'
import { builderSboms, type SbomOptions, type Statement } from './sboms.ts'

export interface CachedImageOptions extends OperationOptions {
  /**
   * `os/arch[/variant]`: which image of an index is meant. Default: linux on this machine's CPU, and for `ociTar` and `descriptor` the index
   * itself.
   */
  readonly platform?: string | undefined
}

/** What a tar is called, and who may end it. */
export interface CachedTarOptions extends OperationOptions {
  /** The image's name in the archive. Default: that in the store. */
  readonly name?: string | undefined
}

/** An image of the store, for one platform or as a whole. Every stream verifies what it reads, and ends with an error if it is damaged. */
export interface CachedImage {
  /** The name in the store. */
  readonly name: string
  /** What the name stands for, or the image for the platform. */
  readonly descriptor: Descriptor
  config(options?: OperationOptions): Promise<ImageConfig>
  /** The merged root filesystem as one tar, the same bytes every time (`flattenRootTree`). Throws `UNSUPPORTED` for what has none. */
  tar(options?: OperationOptions): AsyncIterable<Uint8Array>
  /** What `docker load` reads. */
  dockerTar(options?: CachedTarOptions): AsyncIterable<Uint8Array>
  /**
   * An OCI image layout. Of an index all of it: throws `NOT_FOUND` if the store has not all its images, since an archive of some would lead
   * to nowhere; give the platform.
   */
  ociTar(options?: CachedTarOptions): AsyncIterable<Uint8Array>
  /** The bills of materials that the builder put beside the image; none if there are none. */
  sboms(options?: SbomOptions): Promise<readonly Statement[]>
}

export interface CachedImageParts {
  readonly name: string
  readonly target: Descriptor
}

/** An image by what its name stands for. Throws `NOT_FOUND` for a platform that is not there. */
export async function cachedImage(
  cache: CacheContext,
  { name, target }: CachedImageParts,
  { platform, ...operation }: CachedImageOptions = {},
): Promise<CachedImage> {
  const source = await cache.stored.parseReference(target.digest).openSource(operation)
  const top = await readDocument(unparsedImage(source), operation)
  const whole = platform === undefined ? top : await choose(source, top, { ...operation, platform })
  const index = top.parsed.kind === 'index' ? top.parsed : undefined
  const image = async (options?: OperationOptions): Promise<ImageDocument> =>
    whole.parsed.kind === 'index' ? await choose(source, whole, { ...options }) : whole
  return {
    name,
    descriptor: describe(whole.manifest),
    config: async (options) => await imageOf(await image(options), source).config(options),
    async *tar(options) {
      const layers = await rootLayers(source, await image(options), options)
      const limits = { signal: options?.signal, what: name }
      yield* flattenRootTree(await readRootTree(layers, { ...limits, changes: false }), layers, limits)
    },
    async *dockerTar(options) {
      const { manifest } = await image(options)
      yield* dockerTar({ source, manifest }, { ...options, name: options?.name ?? name })
    },
    async *ociTar(options) {
      const children = await childManifests(cache, source, { whole, options })
      yield* ociTar({ source, manifest: whole.manifest, children }, { ...options, name: options?.name ?? name })
    },
    async sboms(options) {
      if (index === undefined) return []
      const { manifest } = await image(options)
      return await builderSboms(source, { index, image: manifest.digest }, options)
    },
  }
}

/** Of an image the one for the platform, if it is that. */
async function choose(
  source: ImageSource,
  document: ImageDocument,
  { platform, ...operation }: CachedImageOptions,
): Promise<ImageDocument> {
  const wanted = platform === undefined ? hostPlatform() : parsePlatform(platform)
  return await chooseInstance(source, document, { ...operation, platform: wanted })
}

function describe({ mediaType, digest, bytes }: ManifestBytes): Descriptor {
  return { mediaType, digest, size: bytes.byteLength }
}

async function rootLayers(
  source: ImageSource,
  document: ImageDocument,
  options: OperationOptions = {},
): Promise<readonly RootLayer[]> {
  const layers = await imageOf(document, source).layers(options)
  for (const { mediaType, digest } of layers) {
    if (isLayerType(mediaType) && !isEncryptedLayerType(mediaType)) continue
    throw new ImageError(
      'UNSUPPORTED',
      `${digest} is a ${mediaType}, which has no files; only images have a root filesystem`,
    )
  }
  return layers.map((layer) => ({ open: () => plain(source, layer, options) }))
}

const MAX_LAYER_BYTES = 64 * 1024 ** 3

async function* plain(
  source: ImageSource,
  layer: Descriptor,
  { signal }: OperationOptions,
): AsyncGenerator<Uint8Array> {
  await using body = await source.getBlob(layer, { signal })
  yield* decompress(verifyBlob(body, layer), { limitBytes: MAX_LAYER_BYTES })
}

interface ChildrenOptions {
  readonly whole: ImageDocument
  readonly options: OperationOptions | undefined
}

/** All manifests below an index, those first that others list. */
async function childManifests(
  cache: CacheContext,
  source: ImageSource,
  { whole, options }: ChildrenOptions,
): Promise<readonly ManifestBytes[]> {
  if (whole.parsed.kind !== 'index') return []
  await localEntries(cache, describe(whole.manifest), { ...options, partly: false })
  const found = new Map<string, ManifestBytes>()
  await addBelow(source, whole.parsed, found)
  return [...found.values()]
}

async function addBelow(source: ImageSource, index: ImageIndex, found: Map<string, ManifestBytes>): Promise<void> {
  for (const entry of index.manifests) {
    if (found.has(entry.digest)) continue
    const manifest = await source.getManifest(entry.digest)
    const parsed = parseManifest(manifest, { descriptor: entry })
    if (parsed.kind === 'index') await addBelow(source, parsed, found)
    found.set(entry.digest, manifest)
  }
}
