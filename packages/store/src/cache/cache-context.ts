import {
  type Digest,
  ImageError,
  type ImageReference,
  type OperationOptions,
  quoteForeign,
  type TransportRegistry,
  type UnparsedImage,
} from '@crossdock/core'
import { contextOf } from '../context-of.ts'
import type { ImageRecord } from '../image-names.ts'
import type { StoreContext } from '../store-context.ts'
import { storePaths, type StorePaths } from '../store-paths.ts'
import type { Store } from '../store.ts'
import { findRecord } from '../transport/find-target.ts'
import { parseLocation } from '../transport/reference.ts'
import { type StoreTransport, storeTransport } from '../transport/transport.ts'

/** What a cache asks of a copy. */
export interface CacheCopyOptions extends OperationOptions {
  readonly admit?: ((image: UnparsedImage, options: OperationOptions) => void | Promise<void>) | undefined
  readonly platforms?: 'all' | readonly string[] | undefined
  readonly subset?: 'sparse' | 'rewrite' | undefined
  readonly referrers?: boolean | undefined
}

/** Copies an image: `copyImage` of `@crossdock/copy` is one. */
export type CopyImage = (
  from: ImageReference,
  to: ImageReference,
  options: CacheCopyOptions,
) => Promise<{ readonly digest: Digest; readonly upToDate: boolean }>

export interface ImageCacheOptions {
  readonly store: Store
  /** Where images come from and go to; `docker:` is asked for names of registries. */
  readonly transports: Pick<TransportRegistry, 'parse'>
  readonly copy: CopyImage
}

/** What the operations of a cache share. */
export interface CacheContext extends ImageCacheOptions {
  readonly context: StoreContext
  readonly paths: StorePaths
  /** The store as a transport. */
  readonly stored: StoreTransport
}

export function createCacheContext(options: ImageCacheOptions): CacheContext {
  const { store } = options
  const context = contextOf(store)
  return { ...options, context, paths: storePaths(context.folder), stored: storeTransport({ store }) }
}

/** Where a name of the store is in its registry. Throws `INVALID_REFERENCE` for a name of none. */
export function remoteOf({ transports }: Pick<CacheContext, 'transports'>, text: string): ImageReference {
  if (parseLocation(text).docker !== undefined) return transports.parse(`docker://${text}`)
  throw new ImageError('INVALID_REFERENCE', `"${quoteForeign(text, 200)}" is the name of no registry's image`)
}

/** The record of a name; undefined if there is none. */
export async function recordOfName(
  { store }: Pick<CacheContext, 'store'>,
  text: string,
  operation?: OperationOptions,
): Promise<ImageRecord | undefined> {
  return await ifFound(findRecord({ store, location: parseLocation(text) }, operation))
}

/** What is looked for; undefined if there is nothing. */
export async function ifFound<Value>(looking: Promise<Value>): Promise<Value | undefined> {
  try {
    return await looking
  } catch (reason) {
    if (reason instanceof ImageError && reason.code === 'NOT_FOUND') return undefined
    throw reason
  }
}
