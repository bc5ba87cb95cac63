import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { digestAlgorithm, digestEncoded, isDigest, type Digest } from '@crossdock/core'
import { replaceFile, unlessThere, type Durability } from './durable-file.ts'
import { lockFolder } from './folder-lock.ts'
import { createFolderUpload, discardOldUploads, findFolderUpload, type UploadFolder } from './folder-upload.ts'
import { openJournal, type Journal } from './journal.ts'
import type { RegistryStorage, StoredUpload } from './storage.ts'

export interface FolderStorageOptions {
  /**
   * `full` (the default) puts everything on disk before it is acknowledged; `fast` leaves that to the system, so
   * that a crash of the machine, not of the process, can lose what was pushed last.
   */
  readonly durability?: Durability | undefined
}

/** Read at once; large, because every piece costs a trip through the event loop. */
const READ_BYTES = 1024 * 1024

/**
 * Keeps everything in a folder, which is made if it is not there. Content, names and open uploads survive a restart.
 * One process at a time may have it.
 */
export function folderStorage(folder: string, options: FolderStorageOptions = {}): RegistryStorage {
  const durability = options.durability ?? 'full'
  const journals = new Map<string, Journal>()
  const opened = new Map<string, StoredUpload>()
  let unlock: (() => Promise<void>) | undefined
  const contentPath = (digest: Digest): string => pathOfContent(folder, digest)
  const uploads: UploadFolder = {
    folder: join(folder, 'uploads'),
    durability,
    contentPath,
    ended: (id) => opened.delete(id),
  }

  const open = async (): Promise<void> => {
    for (const name of ['content', 'repositories', 'uploads']) await mkdir(join(folder, name), { recursive: true })
    unlock = await lockFolder(folder)
    try {
      for (const [name, journal] of await openJournals(folder, durability)) journals.set(name, journal)
      await sweepContent(folder, (digest) => isNamed(journals, digest))
      await discardOldUploads(uploads.folder)
    } catch (error) {
      await close()
      throw error
    }
  }

  const close = async (): Promise<void> => {
    await Promise.all([...journals.values()].map((journal) => journal.close()))
    journals.clear()
    opened.clear()
    await unlock?.()
    unlock = undefined
  }

  return {
    open,
    close,
    repositories: () => [...journals].flatMap(([name, { state }]) => (isFilled(state) ? [name] : [])).toSorted(),
    repository: (name) => journals.get(name)?.state,
    change: async (name, changes) => {
      const journal = journals.get(name) ?? openJournal({ path: journalPath(folder, name), durability })
      journals.set(name, journal)
      await journal.append(changes)
    },
    read: (digest, { start, end }) => readFileRange(contentPath(digest), start, end),
    write: async (digest, bytes) => {
      const path = contentPath(digest)
      await unlessThere(path, bytes.byteLength, async () => await replaceFile(path, bytes, durability))
    },
    createUpload: async (repository, algorithm) => {
      const upload = await createFolderUpload(uploads, { id: randomUUID(), repository, algorithm })
      opened.set(upload.id, upload)
      return upload
    },
    findUpload: async (id) => {
      const upload = opened.get(id) ?? (await findFolderUpload(uploads, id))
      // Two requests may have looked at once; all have to share one value.
      if (upload !== undefined && !opened.has(id)) opened.set(id, upload)
      return opened.get(id)
    },
  }
}

async function* readFileRange(path: string, start: number, end: number): AsyncGenerator<Uint8Array> {
  if (end > start) yield* createReadStream(path, { start, end: end - 1, highWaterMark: READ_BYTES })
}

function pathOfContent(folder: string, digest: Digest): string {
  const encoded = digestEncoded(digest)
  return join(folder, 'content', digestAlgorithm(digest), encoded.slice(0, 2), encoded)
}

/** A sign that no repository has in its name makes one file name of it, and none that Windows reserves. */
function journalPath(folder: string, repository: string): string {
  return join(folder, 'repositories', `=${repository.replaceAll('/', '+')}.jsonl`)
}

async function openJournals(folder: string, durability: Durability): Promise<readonly (readonly [string, Journal])[]> {
  const names = await readdir(join(folder, 'repositories'))
  const found: (readonly [string, Journal])[] = []
  for (const file of names) {
    const [, encoded] = /^=(.+)\.jsonl$/.exec(file) ?? []
    if (encoded === undefined) continue // what a crash left beside the journals
    const journal = openJournal({ path: join(folder, 'repositories', file), durability })
    await journal.load()
    found.push([encoded.replaceAll('+', '/'), journal])
  }
  return found
}

function isFilled({ blobs, manifests, tags }: Journal['state']): boolean {
  return blobs.size + manifests.size + tags.size > 0
}

function isNamed(journals: ReadonlyMap<string, Journal>, digest: Digest): boolean {
  return [...journals.values()].some(({ state }) => state.blobs.has(digest) || state.manifests.has(digest))
}

/** Removes what no repository names any more: deleted content goes when the folder is opened, never under a reader. */
async function sweepContent(folder: string, isKept: (digest: Digest) => boolean): Promise<void> {
  for (const algorithm of ['sha256', 'sha512']) {
    const place = join(folder, 'content', algorithm)
    const shards = await readdir(place).catch(() => [])
    for (const shard of shards) {
      for (const name of await readdir(join(place, shard))) {
        const digest = `${algorithm}:${name}`
        if (!isDigest(digest) || !isKept(digest)) await rm(join(place, shard, name), { force: true })
      }
    }
  }
}
