import { ImageError } from '@crossdock/core'
import type { StoreContext } from './store-context.ts'
import type { Store } from './store.ts'

const contexts = new WeakMap<Store, StoreContext>()

/** The store, such that `contextOf` finds what it is made of. */
export function withContext(store: Store, context: StoreContext): Store {
  contexts.set(store, context)
  return store
}

/** What a store is made of. Throws `UNSUPPORTED` for one that `openStore` did not make. */
export function contextOf(store: Store): StoreContext {
  const context = contexts.get(store)
  if (context !== undefined) return context
  throw new ImageError('UNSUPPORTED', 'this store is of another make: only what openStore opened can be a transport')
}
