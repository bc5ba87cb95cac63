import { lstat } from 'node:fs/promises'
import { createFolder, createTrust, ifExists, naming, syncFolder, type Trust } from '@crossdock/blob-files'
import type { Digest, OperationOptions } from '@crossdock/core'
import type { Database } from '../database/database.ts'
import type { StoreContext } from '../store-context.ts'
import { type StorePaths, storePaths } from '../store-paths.ts'
import { createRefLocks, type RefLocks } from './ref-lock.ts'

/** The files of a store's content; all views of an open store share one. */
export interface ContentFiles {
  readonly paths: StorePaths
  readonly trust: Trust
  readonly locks: RefLocks
  /** Makes the folders that are written to, once. Until then nothing is: a store may be read where nothing can be written. */
  ready(): Promise<void>
  /** Undefined if there is no file, whatever else is in its place. */
  look(digest: Digest): Promise<ContentFile | undefined>
  /** Its size, if the file is there and its bytes are those of the digest; they are read unless a stamp vouches for them. */
  whole(digest: Digest, options?: OperationOptions): Promise<number | undefined>
}

export interface ContentFile {
  readonly size: number
  readonly modifiedAt: Date
}

const known = new WeakMap<Database, ContentFiles>()

export function contentFiles({ database, folder, durable }: StoreContext): ContentFiles {
  const files = known.get(database) ?? createContentFiles(storePaths(folder), durable)
  known.set(database, files)
  return files
}

function createContentFiles(paths: StorePaths, durable: boolean): ContentFiles {
  const trust = createTrust(paths.blobs)
  let making: Promise<void> | undefined

  async function look(digest: Digest): Promise<ContentFile | undefined> {
    const path = paths.blobs.pathOf(digest)
    const found = await naming('look at', path, () => ifExists(lstat(path)))
    if (found === undefined || !found.isFile()) return undefined
    return { size: found.size, modifiedAt: found.mtime }
  }

  return {
    paths,
    trust,
    locks: createRefLocks(paths),
    look,
    ready() {
      making ??= makeFolders(paths, durable).catch((reason: unknown) => {
        making = undefined // what failed may succeed when it is tried again
        throw reason
      })
      return making
    },
    async whole(digest, options) {
      const found = await look(digest)
      if (found === undefined) return undefined
      const blob = { mediaType: '', digest, size: found.size }
      return (await trust.holds(blob, options)) ? found.size : undefined
    },
  }
}

async function makeFolders({ folder, work, refs, ingest, blobs }: StorePaths, durable: boolean): Promise<void> {
  for (const path of [work, refs, blobs.partial, ingest, blobs.folder]) await createFolder(path)
  if (durable) await syncFolder(folder)
}
