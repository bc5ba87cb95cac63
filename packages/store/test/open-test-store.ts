import { onTestFinished } from 'vitest'
import { openStore, type OpenStoreOptions } from '../src/open-store.ts'
import type { Store } from '../src/store.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** A store in a folder of its own, closed when the test is over. */
export async function openTestStore(options: OpenStoreOptions = {}): Promise<Store> {
  const folder = options.folder ?? (await temporaryFolder())
  const store = await openStore({ durability: 'fast', clock: { now: () => Date.now() }, ...options, folder })
  onTestFinished(async () => await store[Symbol.asyncDispose]())
  return store
}
