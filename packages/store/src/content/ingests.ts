import { opendir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileError, ifExists, naming } from '@crossdock/blob-files'
import { type Digest, ImageError, quoteForeign, type OperationOptions } from '@crossdock/core'
import { delay } from '@crossdock/streams'
import type { ContentStore, OpenIngestOptions } from '../contents.ts'
import { matchFilters } from '../filters/match-filters.ts'
import type { StoreContext } from '../store-context.ts'
import { beginIngest } from './begin-ingest.ts'
import { type ContentFiles, contentFiles } from './content-files.ts'
import { findContent, isVisible, recordContent } from './content-rows.ts'
import { findIngest, type FoundIngest, ingestFolder, removeIngest, statusOf } from './ingest-folder.ts'
import type { RefLock } from './ref-lock.ts'

type Ingests = Pick<ContentStore, 'ingest' | 'status' | 'ingests' | 'abort'>

const MAX_REF_CHARACTERS = 4096
const FIRST_PAUSE_MS = 16
const LONGEST_PAUSE_MS = 512

/** Blobs on their way into one namespace. */
export function createIngests(context: StoreContext): Ingests {
  const { namespace } = context
  const files = contentFiles(context)
  const { paths } = files

  async function find(ref: string): Promise<FoundIngest | undefined> {
    return await findIngest(paths, ingestFolder(paths, { namespace, ref }))
  }

  return {
    async ingest(options) {
      checkOptions(options)
      await refuseKnown(context, files, options)
      await files.ready()
      const folder = ingestFolder(paths, { namespace, ref: options.ref })
      const lock = await takeLock(files, folder, { ...options, look: () => refuseKnown(context, files, options) })
      try {
        await refuseKnown(context, files, options) // whoever had the ref may have brought it in
        return await beginIngest({ ...options, context, files, folder, lock })
      } catch (reason) {
        if ((await findIngest(paths, folder)) === undefined) await removeIngest(paths, folder)
        await lock[Symbol.asyncDispose]()
        throw reason
      }
    },
    async status(ref, options) {
      options?.signal?.throwIfAborted()
      const found = await find(ref)
      if (found === undefined) throw noIngest(ref)
      return statusOf(found)
    },
    async *ingests(filters = [], options) {
      const matches = matchFilters<FoundIngest>(filters, ({ ref }, path) =>
        path.join('.') === 'ref' ? ref : undefined,
      )
      for await (const found of findIngests(files, options)) {
        if (found.namespace === namespace && matches(found)) yield statusOf(found)
      }
    },
    async abort(ref, options) {
      if ((await find(ref)) === undefined) throw noIngest(ref)
      const folder = ingestFolder(paths, { namespace, ref })
      const lock = await takeLock(files, folder, { ...options, ref })
      try {
        await removeIngest(paths, folder)
      } finally {
        await lock[Symbol.asyncDispose]()
      }
    },
  }
}

/** The ingests of all namespaces. */
async function* findIngests(
  { paths }: Pick<ContentFiles, 'paths'>,
  { signal }: OperationOptions = {},
): AsyncGenerator<FoundIngest> {
  const folder = await naming('read the folder', paths.ingest, () => ifExists(opendir(paths.ingest)))
  for await (const { name } of folder ?? []) {
    signal?.throwIfAborted()
    const found = await findIngest(paths, join(paths.ingest, name)).catch(onlyUnreadable)
    if (found !== undefined) yield found
  }
}

/** One that belongs to another user, say, must not hide the others. */
function onlyUnreadable(reason: unknown): undefined {
  if (!(reason instanceof ImageError)) throw fileError(reason, 'read', 'ingest')
}

function checkOptions({ ref, size }: OpenIngestOptions): void {
  if (typeof ref !== 'string' || ref === '' || ref.length > MAX_REF_CHARACTERS || !ref.isWellFormed())
    throw new ImageError('INVALID_DATA', `an ingest needs a ref, text of 1 to ${MAX_REF_CHARACTERS} characters`)
  if (size !== undefined && !(Number.isSafeInteger(size) && size >= 0))
    throw new ImageError('INVALID_DATA', `${size} is no number of bytes`)
}

/** Throws `CONFLICT` if this namespace has the blob. It is recorded first: whoever is told so may build on it. */
async function refuseKnown(
  context: StoreContext,
  files: ContentFiles,
  { digest, signal }: OpenIngestOptions,
): Promise<void> {
  if (digest === undefined || !(await isSeen(context, digest))) return
  const size = await files.whole(digest, { signal })
  if (size === undefined) return
  if (context.lease !== undefined)
    await context.database.write((sql) => recordContent(sql, context, { digest, size }), { signal })
  if ((await files.whole(digest, { signal })) === undefined) return
  throw new ImageError('CONFLICT', `${digest} is there already`)
}

async function isSeen(context: StoreContext, digest: Digest): Promise<boolean> {
  return isVisible(await context.database.read((sql) => findContent(sql, digest, context)), context)
}

interface TakeLockOptions extends OperationOptions {
  readonly ref: string
  readonly wait?: boolean | undefined
  /** Asked after each pause; what it throws ends the waiting. */
  readonly look?: (() => Promise<void>) | undefined
}

async function takeLock({ locks }: ContentFiles, folder: string, options: TakeLockOptions): Promise<RefLock> {
  const { ref, wait = false, look, signal } = options
  for (let attempt = 0; ; attempt += 1) {
    const lock = await locks.take(folder, { signal })
    if (lock !== undefined) return lock
    if (!wait) throw isOpen(ref)
    await delay((0.5 + Math.random()) * Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS), signal)
    await look?.()
  }
}

function isOpen(ref: string): ImageError {
  return new ImageError(
    'UNAVAILABLE',
    `the ingest "${quoteForeign(ref, 200)}" is open elsewhere; try again, or wait for it`,
  )
}

function noIngest(ref: string): ImageError {
  return new ImageError('NOT_FOUND', `there is no ingest "${quoteForeign(ref, 200)}"`)
}
