import type { BlobReader, Descriptor, Digest, OperationOptions } from '@crossdock/core'
import type { Store } from '../store.ts'
import { findTarget } from '../transport/find-target.ts'
import { opened } from '../transport/opened.ts'
import { parseLocation, storeImageName } from '../transport/reference.ts'
import {
  type CacheContext,
  createCacheContext,
  ifFound,
  type ImageCacheOptions,
  recordOfName,
} from './cache-context.ts'
import { type CachedImage, cachedImage, type CachedImageOptions } from './cached-image.ts'
import { type InRegistryOptions, isInRegistry } from './in-registry.ts'
import { isComplete } from './is-complete.ts'
import { loadArchive, type LoadArchiveOptions, type LoadedImage } from './load-archive.ts'
import { platformTexts } from './platforms.ts'
import { findComplete, type FindCompleteOptions, type PulledImage, pullImage, type PullOptions } from './pull.ts'
import { type PushedImage, pushImage, type PushOptions } from './push.ts'
import { writeDescriptor, writeIndex } from './write-index.ts'

export interface InCacheOptions extends OperationOptions {
  /** `os/arch[/variant]`. Default: linux on this machine's CPU. */
  readonly platform?: string | undefined
}

/**
 * What builders ask of a store of images. Names are what people type: `alpine`, `registry.example/app:1`; with a digest behind them that
 * decides.
 */
export interface ImageCache {
  readonly store: Store
  /** What a name stands for; of a digest what is there, whatever the name. Undefined if there is nothing. */
  findDescriptor(name: string, options?: OperationOptions): Promise<Descriptor | undefined>
  /** The same, if all that the platforms need is there, undamaged; that counts as a use. */
  findComplete(name: string, options?: FindCompleteOptions): Promise<Descriptor | undefined>
  /** Brings what is not there. See {@link PullOptions}. */
  pull(name: string, options?: PullOptions): Promise<PulledImage>
  /** Whether all that the platform needs is in the store, undamaged. Throws only if that cannot be found out. */
  inCache(name: string, options?: InCacheOptions): Promise<boolean>
  /** Whether the registry has it. False only if the registry says that it has not. */
  inRegistry(name: string, options?: InRegistryOptions): Promise<boolean>
  /** Lets a name stand for an index of these manifests, or adds them to the index that it stands for. */
  writeIndex(name: string, manifests: readonly Descriptor[], options?: OperationOptions): Promise<Descriptor>
  /** Lets a name stand for a manifest that is in the store. */
  writeDescriptor(name: string, target: Descriptor, options?: OperationOptions): Promise<Descriptor>
  /** Brings in the images of an archive, all or none. */
  load(archive: AsyncIterable<Uint8Array>, options?: LoadArchiveOptions): Promise<readonly LoadedImage[]>
  /** Sends an image. See {@link PushOptions}. */
  push(name: string, options?: PushOptions): Promise<PushedImage>
  /** The image for a platform, or as a whole. Throws `NOT_FOUND`. */
  source(name: string, options?: CachedImageOptions): Promise<CachedImage>
  /** The bytes of a blob, as they lie there. Throws `NOT_FOUND`. */
  content(digest: Digest, options?: OperationOptions): Promise<BlobReader>
}

/** A cache in a store. `copy` is `copyImage` of `@crossdock/copy`, or something like it. */
export function createImageCache(options: ImageCacheOptions): ImageCache {
  const cache = createCacheContext(options)
  const { store } = options
  return Object.freeze<ImageCache>({
    store,
    findDescriptor: (name, operation) => ifFound(findNamed(cache, name, operation)),
    findComplete: (name, completeOptions) => findComplete(cache, name, completeOptions),
    pull: (name, pullOptions) => pullImage(cache, name, pullOptions),
    async inCache(name, { platform, ...operation } = {}) {
      const platforms = platformTexts(platform === undefined ? undefined : [platform])
      const target = await ifFound(findNamed(cache, name, operation))
      return target !== undefined && (await isComplete(cache, target, { ...operation, platforms }))
    },
    inRegistry: (name, registryOptions) => isInRegistry(cache, name, registryOptions),
    writeIndex: (name, manifests, operation) => writeIndex(cache, name, manifests, operation),
    writeDescriptor: (name, target, operation) => writeDescriptor(cache, name, target, operation),
    load: (archive, loadOptions) => loadArchive(store, archive, loadOptions),
    push: (name, pushOptions) => pushImage(cache, name, pushOptions),
    async source(name, sourceOptions) {
      const record = await recordOfName(cache, name, sourceOptions)
      const target = await findNamed(cache, name, sourceOptions)
      return await cachedImage(cache, { name: record?.name ?? nameFor(name), target }, sourceOptions)
    },
    async content(digest, operation) {
      const { size } = await store.content.info(digest, operation)
      return await store.content.read({ mediaType: 'application/octet-stream', digest, size }, operation)
    },
  })
}

async function findNamed(
  { store, stored }: CacheContext,
  text: string,
  operation?: OperationOptions,
): Promise<Descriptor> {
  const { target } = await findTarget(opened(store, stored.parseReference(text), parseLocation(text)), operation)
  return target
}

/** A digest alone is its own name. */
function nameFor(text: string): string {
  return parseLocation(text).name === undefined ? text : storeImageName(text)
}
