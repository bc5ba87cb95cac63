import type { Store } from '@crossdock/store'
import type { Operation } from '../invocation.ts'

/** What `store info` tells; sizes are bytes. */
export interface StoreFacts {
  readonly Folder: string
  readonly Namespace: string
  readonly Namespaces: readonly string[]
  readonly Images: number
  readonly Blobs: number
  readonly Size: number
  /** Blobs that are being brought in, or that somebody left unfinished. */
  readonly Ingests: number
  readonly IngestSize: number
  readonly Leases: number
}

/** Counts what a namespace of a store has. */
export async function describeStore(store: Store, namespace: string, operation: Operation): Promise<StoreFacts> {
  const { content, images, leases } = store
  const blobs = await total(content.list([], operation), ({ size }) => size)
  const ingests = await total(content.ingests([], operation), ({ offset }) => offset)
  return {
    Folder: store.folder,
    Namespace: namespace,
    Namespaces: await store.namespaces(),
    Images: (await images.list([], operation)).length,
    Blobs: blobs.count,
    Size: blobs.bytes,
    Ingests: ingests.count,
    IngestSize: ingests.bytes,
    Leases: (await leases.list([], operation)).length,
  }
}

async function total<Item>(
  items: AsyncIterable<Item>,
  sizeOf: (item: Item) => number,
): Promise<{ readonly count: number; readonly bytes: number }> {
  let count = 0
  let bytes = 0
  for await (const item of items) {
    count += 1
    bytes += sizeOf(item)
  }
  return { count, bytes }
}
