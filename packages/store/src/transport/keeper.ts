import type { Descriptor, OperationOptions } from '@crossdock/core'
import { raceSignal } from '@crossdock/streams'
import { recordContent } from '../content/content-rows.ts'
import { createLeases } from '../leases/create-leases.ts'
import type { StoreContext } from '../store-context.ts'

type KeptBlob = Pick<Descriptor, 'digest' | 'size'>

/** Keeps blobs from being collected until they are named, by a lease. Disposing gives it up. */
export interface Keeper extends AsyncDisposable {
  /** Notes a blob in the database; those that come at the same time in one transaction. */
  keep(blob: KeptBlob, options?: OperationOptions): Promise<void>
}

/** The lease is made when there is something to keep. What already is under one joins that. */
export function createKeeper(context: StoreContext): Keeper {
  const leases = createLeases(context)
  const labels = { 'dev.crossdock.for': 'copy' }
  let leasing: Promise<string> | undefined
  let running: Promise<void> = Promise.resolve()
  let queued: Batch | undefined

  async function leaseId(): Promise<string> {
    if (context.lease !== undefined) return context.lease
    leasing ??= leases.create({ labels }).then(({ id }) => id)
    return await leasing
  }

  async function write(blobs: Batch['blobs']): Promise<void> {
    const view = { ...context, lease: await leaseId() }
    await context.database.write((sql) => {
      for (const blob of blobs) recordContent(sql, view, blob)
    })
  }

  async function writeAfter(before: Promise<void>, blobs: Batch['blobs']): Promise<void> {
    await before.catch(() => undefined)
    queued = undefined
    await write(blobs)
  }

  function begin(): Batch {
    const blobs: Batch['blobs'] = []
    running = writeAfter(running, blobs)
    return { blobs, done: running }
  }

  return {
    async keep(blob, { signal } = {}) {
      queued ??= begin()
      queued.blobs.push(blob)
      await raceSignal(queued.done, signal)
    },
    async [Symbol.asyncDispose]() {
      await running.catch(() => undefined)
      const id = await leasing?.catch(() => undefined)
      // One that cannot be deleted now expires.
      if (id !== undefined) await leases.delete(id).catch(() => undefined)
    },
  }
}

interface Batch {
  readonly blobs: KeptBlob[]
  readonly done: Promise<void>
}
