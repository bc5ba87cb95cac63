import { type ResolvedReadOptions, resolveReadOptions } from '@crossdock/archive'
import { copyImage } from '@crossdock/copy'
import type { Descriptor, ImageReference } from '@crossdock/core'
import { createImageCache, type ImageCache, type StoreTransport, storeTransport } from '@crossdock/store'
import { find } from './find.ts'
import type { FinderCopy, FinderOptions, FindOptions } from './options.ts'

/** An image that is in the store now. */
export interface FoundImage {
  /** Of the transport `store:`. */
  readonly reference: ImageReference
  /** In the store. */
  readonly name: string
  readonly target: Descriptor
  /** What was meant; undefined if it was asked for by its ID. */
  readonly from?: ImageReference | undefined
  /** Whether it was fetched, or was in the store already. */
  readonly isFetched: boolean
  /** The image ID of the App Container Image that it was made of. */
  readonly imageId?: string | undefined
  /** The names of what was fetched because it depends on it. */
  readonly dependencies: readonly string[]
}

export interface Finder {
  /**
   * Finds an image by what a person typed: a path, a `file:` URL, a URL, `TRANSPORT:REFERENCE`, a `cimd:` URI of rkt, a name without transport, an image ID or
   * the beginning of one, a digest. It is in the store afterwards.
   *
   * Throws `INVALID_REFERENCE` and `UNKNOWN_TRANSPORT` for what cannot be meant, `NOT_FOUND` for what is not there or may not be fetched, `CONFLICT` for the
   * beginning of several IDs, `REJECTED_BY_POLICY` and what else `admit` throws, `DIGEST_MISMATCH` for a dependency that is another one, `INVALID_DATA`, and what
   * reading and storing throw.
   */
  find(imageText: string, options?: FindOptions): Promise<FoundImage>
}

/** What the steps of a search share. */
export interface FinderContext extends FinderOptions {
  readonly copy: FinderCopy
  readonly reading: ResolvedReadOptions
  readonly cache: ImageCache
  readonly stored: StoreTransport
}

/** Finds images in a store, and brings those that are not there. */
export function createFinder(options: FinderOptions): Finder {
  const { store, transports, copy = copyImage } = options
  const context: FinderContext = {
    ...options,
    copy,
    reading: resolveReadOptions(options),
    cache: createImageCache({ store, transports, copy }),
    stored: storeTransport({ store }),
  }
  return Object.freeze<Finder>({ find: (text, findOptions) => find(context, text, findOptions) })
}
