import { join } from 'node:path'
import { acquireLock, type Lock, quotePath } from '@crossdock/blob-files'
import type { OperationOptions } from '@crossdock/core'
import type { LayoutIndex } from '@crossdock/formats'
import { createLimiter, raceSignal } from '@crossdock/streams'
import type { Sql } from '../database/database.ts'
import type { NameProjection } from '../names/name-projection.ts'
import type { StoreContext } from '../store-context.ts'
import { storePaths } from '../store-paths.ts'
import { createIndexFile } from './index-file.ts'
import { isAnyNoted, noteName, readStamp } from './projection-rows.ts'
import { syncLayout, type SyncedLayout } from './sync-layout.ts'

/** The lock of the layout, which `oci:` takes as well, is held. */
export interface HeldLayout {
  /** Makes `index.json` and the names the same, whoever changed them, and returns what it says. Quick if nobody has. */
  sync(options?: OperationOptions): Promise<LayoutIndex>
  /** Throws `CONFLICT` if somebody took the lock over, because this process seemed dead. */
  assertHeld(): Promise<void>
}

export interface LayoutProjection extends NameProjection {
  /** Runs work while nobody else changes the layout; to be done in milliseconds. Throws `CONFLICT` if others have it for 30 seconds. */
  exclusively<Value>(work: (layout: HeldLayout) => Promise<Value>, options?: OperationOptions): Promise<Value>
}

const LOCK_TIMEOUT_MS = 30_000

/**
 * Keeps `index.json` and the names of the default namespace the same. The database is written first and the file second; what is noted in
 * the database and not yet in the file is written by whoever comes next, so that no crash between loses a name.
 */
export function createLayoutProjection(
  context: Pick<StoreContext, 'folder' | 'database' | 'durable' | 'clock'>,
): LayoutProjection {
  const { folder, database } = context
  const paths = storePaths(folder)
  const file = createIndexFile(paths)
  const guarded = quotePath(join(folder, 'index.json'))
  const synchronised: SyncedLayout = { ...context, file, what: guarded }
  const queue = createLimiter(1) // tasks of one process need not wait for each other by looking
  let synced: string | undefined
  let publishing: Promise<void> | undefined

  async function exclusively<Value>(
    work: (layout: HeldLayout) => Promise<Value>,
    options: OperationOptions = {},
  ): Promise<Value> {
    const locked = async (): Promise<Value> => {
      await using lock = await acquireLock(paths.work, { ...options, timeoutMs: LOCK_TIMEOUT_MS, guarded })
      return await work({ sync: (operation) => sync(lock, operation), assertHeld: () => lock.assertHeld() })
    }
    return await queue.run(locked, options)
  }

  async function sync(lock: Lock, options?: OperationOptions): Promise<LayoutIndex> {
    const { index, stamp } = await syncLayout(synchronised, { ...options, lock })
    synced = stamp
    return index
  }

  /** One run writes what all who wait for it have noted. */
  async function publishNoted(): Promise<void> {
    await exclusively(async (layout) => {
      publishing = undefined
      await layout.sync()
    })
  }

  return {
    exclusively,
    async refresh(options) {
      const stamp = await file.stamp()
      if (stamp === synced) return
      // What a process that died has noted, the first look of another one writes.
      const isFirst = synced === undefined
      const isSynced = (sql: Sql): boolean => readStamp(sql) === stamp && !(isFirst && isAnyNoted(sql))
      if (await database.read(isSynced, options)) synced = stamp
      else await exclusively((layout) => layout.sync(options), options)
    },
    note(sql, names) {
      for (const name of names) noteName(sql, name)
    },
    async publish(options) {
      publishing ??= publishNoted().catch((reason: unknown) => {
        publishing = undefined
        throw reason
      })
      await raceSignal(publishing, options?.signal)
    },
  }
}
