import type { ImageReference } from '@crossdock/core'
import type { StoreContext } from '../store-context.ts'
import { storePaths, type StorePaths } from '../store-paths.ts'
import { contextOf } from '../context-of.ts'
import type { Store } from '../store.ts'
import type { StoreLocation } from './reference.ts'

/** A reference whose store is open. */
export interface Opened {
  readonly reference: ImageReference
  readonly location: StoreLocation
  readonly store: Store
  readonly context: StoreContext
  readonly paths: StorePaths
  /** Whether interrupted blobs are kept, and gone on with. Default: true. */
  readonly resume?: boolean
}

export function opened(store: Store, reference: ImageReference, location: StoreLocation): Opened {
  const context = contextOf(store)
  return { reference, location, store, context, paths: storePaths(context.folder) }
}
