import { createReadStream } from 'node:fs'
import { open, readdir, readFile, rm, stat, truncate, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { Digest, DigestAlgorithm } from '@crossdock/core'
import { moveFile, replaceFile, unlessThere, type Durability } from './durable-file.ts'
import { runningDigest } from './running-digest.ts'
import type { StoredUpload } from './storage.ts'

export interface UploadFolder {
  readonly folder: string
  readonly durability: Durability
  readonly contentPath: (digest: Digest) => string
  readonly ended: (id: string) => void
}

interface UploadStart {
  readonly id: string
  readonly repository: string
  /** Undefined if the bytes so far have not been hashed on the way. */
  readonly algorithm?: DigestAlgorithm | undefined
  readonly size?: number | undefined
  readonly generation?: number | undefined
}

const IDENTIFIER = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
/** Written at once: small writes cost more than the copy. */
const WRITE_BYTES = 1024 * 1024
const MAX_AGE_MS = 7 * 24 * 60 * 60 * 1000

export async function createFolderUpload(place: UploadFolder, start: UploadStart): Promise<StoredUpload> {
  const upload = folderUpload(place, start)
  await (await open(dataPath(place.folder, start.id), 'wx')).close()
  await writeNote(place, start, 0)
  return upload
}

/** Finds an upload that an earlier run of the server left open. */
export async function findFolderUpload(place: UploadFolder, id: string): Promise<StoredUpload | undefined> {
  if (!IDENTIFIER.test(id)) return undefined
  const note = await readNote(place.folder, id)
  const { size } = (await stat(dataPath(place.folder, id)).catch(() => undefined)) ?? {}
  return note === undefined || size === undefined ? undefined : folderUpload(place, { id, size, ...note })
}

/** Removes uploads that nobody wrote to for a week. */
export async function discardOldUploads(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const { mtimeMs } = await stat(join(folder, name))
    if (Date.now() - mtimeMs < MAX_AGE_MS) continue
    await rm(join(folder, name), { force: true })
  }
}

function folderUpload(place: UploadFolder, { id, repository, algorithm, ...start }: UploadStart): StoredUpload {
  const path = dataPath(place.folder, id)
  const running = runningDigest(() => createReadStream(path, { highWaterMark: WRITE_BYTES }), algorithm)
  let size = start.size ?? 0
  let generation = start.generation ?? 0

  const discard = async (): Promise<void> => {
    place.ended(id)
    await rm(notePath(place.folder, id), { force: true })
    await rm(path, { force: true })
  }

  return {
    id,
    repository,
    get size() {
      return size
    },
    get generation() {
      return generation
    },
    append: async (bytes) => {
      try {
        await writeBatches(path, bytes, {
          onStart: (batch) => running.update(batch),
          onEnd: (batch) => void (size += batch.byteLength),
        })
      } catch (error) {
        // A full disk may have taken a part of a batch: the file says what is there.
        const kept = (await stat(path)).size
        if (kept !== size) running.forget()
        size = kept
        throw error
      }
    },
    truncate: async (newSize) => {
      await truncate(path, newSize)
      size = newSize
      running.forget()
    },
    advance: async () => {
      generation += 1
      await writeNote(place, { id, repository }, generation)
    },
    digest: async (wanted) => await running.digest(wanted),
    commit: async (digest) => {
      if (place.durability === 'full') await syncFile(path)
      const target = place.contentPath(digest)
      await unlessThere(target, size, async () => await moveFile(path, target, place.durability))
      await discard()
    },
    cancel: discard,
  }
}

/** `onStart` runs while the batch is being written. */
async function writeBatches(
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  { onStart, onEnd }: { readonly onStart: (batch: Uint8Array) => void; readonly onEnd: (batch: Uint8Array) => void },
): Promise<void> {
  const file = await open(path, 'a')
  try {
    for await (const batch of batches(bytes)) {
      const writing = file.appendFile(batch)
      onStart(batch)
      await writing
      onEnd(batch)
    }
  } finally {
    await file.close()
  }
}

/** Joins small pieces; what came before an error is still yielded. */
async function* batches(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let pieces: Uint8Array[] = []
  let size = 0
  let failure: { readonly reason: unknown } | undefined
  try {
    for await (const piece of bytes) {
      pieces.push(piece)
      size += piece.byteLength
      if (size < WRITE_BYTES) continue
      yield Buffer.concat(pieces, size)
      pieces = []
      size = 0
    }
  } catch (reason) {
    failure = { reason }
  }
  if (size > 0) yield Buffer.concat(pieces, size)
  if (failure !== undefined) throw failure.reason
}

async function syncFile(path: string): Promise<void> {
  const file: FileHandle = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

function dataPath(folder: string, id: string): string {
  return join(folder, id)
}

function notePath(folder: string, id: string): string {
  return join(folder, `${id}.json`)
}

async function writeNote(place: UploadFolder, { id, repository }: UploadStart, generation: number): Promise<void> {
  const note = Buffer.from(JSON.stringify({ repository, generation }))
  await replaceFile(notePath(place.folder, id), note, 'fast') // losing it loses an unfinished upload, no more
}

async function readNote(
  folder: string,
  id: string,
): Promise<{ readonly repository: string; readonly generation: number } | undefined> {
  try {
    const note: unknown = JSON.parse(await readFile(notePath(folder, id), 'utf8'))
    if (typeof note !== 'object' || note === null || !('repository' in note) || !('generation' in note))
      return undefined
    const { repository, generation } = note
    return typeof repository === 'string' && typeof generation === 'number' ? { repository, generation } : undefined
  } catch {
    return undefined // never written, or torn: the session is as good as expired
  }
}
