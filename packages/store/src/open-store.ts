import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { errorNumber } from '@crossdock/blob-files'
import type { OperationOptions } from '@crossdock/core'
import { withContext } from './context-of.ts'
import { collectGarbage } from './collect/collect-garbage.ts'
import { pruneImages } from './collect/prune-images.ts'
import { createContentStore } from './content/create-content-store.ts'
import { BUSY_TIMEOUT_MS, IN_MEMORY, openDatabase } from './database/open-database.ts'
import { readDatabase } from './database/read-only-database.ts'
import { createHttpRecords } from './http-records/create-http-records.ts'
import { createLayoutProjection } from './layout/create-projection.ts'
import { createReadOnlyProjection } from './layout/read-only-projection.ts'
import { prepareLayout } from './layout/prepare-layout.ts'
import { createLeases } from './leases/create-leases.ts'
import { createImageNames } from './names/create-image-names.ts'
import { listNamespaces } from './names/list-namespaces.ts'
import { NO_PROJECTION } from './names/name-projection.ts'
import { type Clock, checkNamespace, DEFAULT_NAMESPACE, type StoreContext } from './store-context.ts'
import { defaultStoreFolder } from './store-folder.ts'
import { storePaths } from './store-paths.ts'
import type { Store } from './store.ts'
import { verifyStore } from './verify/verify-store.ts'

export interface OpenStoreOptions extends OperationOptions {
  /** Default: {@link defaultStoreFolder}. */
  readonly folder?: string | undefined
  /** Whether what is stored is on the disk when it is reported as stored. `fast` is for caches that can be thrown away. Default: `durable`. */
  readonly durability?: 'durable' | 'fast' | undefined
  /** Whether a store is made if there is none. Default: true. */
  readonly create?: boolean | undefined
  /** Whether nothing is written, not even for reading. Default: whether the folder cannot be written to. */
  readonly readOnly?: boolean | undefined
  /** The database's file. Default: `crossdock.db` in the folder. `:memory:` keeps labels, leases and times only while the store is open. */
  readonly database?: string | undefined
  readonly clock?: Clock | undefined
}

/**
 * Opens a store. Throws `NOT_FOUND` if there is none and `create` is false, `CONFLICT` for a folder with other things in it, `INVALID_DATA`
 * for one that is damaged, `UNSUPPORTED` for one of a newer version, `UNAVAILABLE` if others keep it locked, and `IO`.
 */
export async function openStore(options: OpenStoreOptions = {}): Promise<Store> {
  const { create = true, durability = 'durable', clock = systemClock(process.env), signal } = options
  const folder = resolve(options.folder ?? defaultStoreFolder())
  const durable = durability === 'durable'
  const readOnly = options.readOnly ?? (await isReadOnly(folder))
  await prepareLayout(storePaths(folder), { create, durable, readOnly })
  const file = databaseFile(folder, options.database)
  const { database, layout } = readOnly
    ? await openForReading({ file, folder, clock, signal })
    : await openForWriting({ file, folder, durable, clock, signal })
  const context = { folder, database, durable, clock, namespace: DEFAULT_NAMESPACE, layout, projection: layout }
  return storeOf(context, { close: async () => await database[Symbol.asyncDispose]() })
}

interface OpenPartsOptions extends OperationOptions {
  readonly file: string
  readonly folder: string
  readonly clock: Clock
}

type Parts = Pick<StoreContext, 'database' | 'layout'>

async function openForWriting(options: OpenPartsOptions & { readonly durable: boolean }): Promise<Parts> {
  const database = await openDatabase(options)
  return { database, layout: createLayoutProjection({ ...options, database }) }
}

async function openForReading({ file, folder, clock, signal }: OpenPartsOptions): Promise<Parts> {
  const { database, copy } = await readDatabase({ file, signal, timeoutMs: BUSY_TIMEOUT_MS })
  return { database, layout: createReadOnlyProjection({ folder, copy, clock }) }
}

function databaseFile(folder: string, file: string | undefined): string {
  if (file === undefined) return join(folder, 'crossdock.db')
  return file === IN_MEMORY ? file : resolve(file)
}

/** Whether a folder is there that this user, or anybody, cannot write to. */
async function isReadOnly(folder: string): Promise<boolean> {
  try {
    await access(folder, constants.W_OK)
    return false
  } catch (reason) {
    return ['EACCES', 'EPERM', 'EROFS'].includes(errorNumber(reason) ?? '')
  }
}

/** The time of this machine, and `SOURCE_DATE_EPOCH` where it is set. */
export function systemClock(env: Readonly<Record<string, string | undefined>>): Clock {
  const epoch = env['SOURCE_DATE_EPOCH']
  const fixed = epoch !== undefined && /^\d{1,12}$/.test(epoch) ? Number(epoch) * 1000 : undefined
  return { now: () => Date.now(), fixed }
}

function storeOf(context: StoreContext, { close }: { readonly close: () => Promise<void> }): Store {
  const collect: Store['collect'] = (options) => collectGarbage(context, options)
  const store: Store = {
    folder: context.folder,
    content: createContentStore(context),
    images: createImageNames(context, { collect }),
    leases: createLeases(context),
    httpRecords: createHttpRecords(context),
    namespace: (name) => storeOf(inNamespace(context, checkNamespace(name)), VIEW),
    namespaces: async () => await listNamespaces(context.database),
    withLease: ({ id }) => storeOf({ ...context, lease: id }, VIEW),
    collect,
    prune: (options) => pruneImages(context, options),
    verify: (options) => verifyStore(context, options),
    async [Symbol.asyncDispose]() {
      await close()
    },
  }
  return withContext(store, context)
}

function inNamespace({ layout, ...context }: StoreContext, namespace: string): StoreContext {
  const projection = namespace === DEFAULT_NAMESPACE ? layout : NO_PROJECTION
  return { ...context, layout, namespace, projection, lease: undefined }
}

/** Another look at an open store closes nothing. */
const VIEW = { close: async () => {} }
