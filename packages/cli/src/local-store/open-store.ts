import type { Store } from '@crossdock/store'
import type { Call } from '../endpoints.ts'
import { textFlag } from '../flags.ts'
import { storeFolder } from './store-folder.ts'

export interface WithStoreOptions {
  /** Whether a store is made where there is none. Default: false, `NOT_FOUND` is thrown. */
  readonly create?: boolean | undefined
}

/** Opens the store that the flags name, as their namespace sees it, and closes it whatever happens. */
export async function withStore<Value>(
  call: Call,
  work: (store: Store) => Promise<Value>,
  { create = false }: WithStoreOptions = {},
): Promise<Value> {
  const { flags, operation } = call
  const { openStore } = await import('@crossdock/store')
  const store = await openStore({ folder: await storeFolder(call), create, signal: operation.signal })
  try {
    const namespace = textFlag(flags, 'namespace') ?? 'default'
    return await work(namespace === 'default' ? store : store.namespace(namespace))
  } finally {
    await store[Symbol.asyncDispose]()
  }
}
