import { createHash, randomBytes } from 'node:crypto'
import { chmod, lstat, open, rename, rm, type FileHandle } from 'node:fs/promises'
import { constants } from 'node:fs'
import { basename, join } from 'node:path'
import {
  errorNumber,
  ifExists,
  naming,
  PRIVATE_MODE,
  readBounded,
  replaceFile,
  thisProcess,
} from '@crossdock/blob-files'
import { type Digest, ImageError, isDigest } from '@crossdock/core'
import type { IngestStatus } from '../contents.ts'
import { checkNamespace, DEFAULT_NAMESPACE } from '../store-context.ts'
import type { StorePaths } from '../store-paths.ts'

/*
 * An ingest is a folder `ingest/<sha256 of its ref>` with the bytes so far (`data`), what is known of it (`ingest.json`) and who has it open
 * (`owner.…`). It is one as soon as both of the first are there; what cannot be read is as good as not there.
 */

/** What is known of an ingest besides its bytes. */
export interface IngestNote extends Pick<IngestStatus, 'ref' | 'total' | 'expected' | 'startedAt'> {
  readonly namespace: string
  /** Which machine wrote to it last, since its last start: what the system had not written down is gone with it. */
  readonly place: string
  /** So many bytes are on the disk, whatever happens to the machine. */
  readonly flushed: number
}

/** An ingest as it lies there. */
export interface FoundIngest extends IngestNote {
  readonly folder: string
  /** Of the file, whatever it holds. */
  readonly size: number
  readonly updatedAt: Date
}

const DATA = 'data'
const NOTE = 'ingest.json'
const MAX_NOTE_BYTES = 64 * 1024
const NO_FOLLOW: number = constants.O_NOFOLLOW ?? 0

/** The folder of an ingest. Refs of the default namespace have the name that containerd gives them. */
export function ingestFolder(paths: StorePaths, { namespace, ref }: Pick<IngestNote, 'namespace' | 'ref'>): string {
  const text = namespace === DEFAULT_NAMESPACE ? ref : `${namespace}\0${ref}`
  return join(paths.ingest, createHash('sha256').update(text).digest('hex'))
}

export function dataPath(folder: string): string {
  return join(folder, DATA)
}

/** Undefined if there is none, or none that can be gone on with. */
export async function findIngest(paths: StorePaths, folder: string): Promise<FoundIngest | undefined> {
  const note = await readNote(join(folder, NOTE))
  if (note === undefined || ingestFolder(paths, note) !== join(paths.ingest, basename(folder))) return undefined
  const path = dataPath(folder)
  const found = await naming('look at', path, () => ifExists(lstat(path)))
  if (found === undefined || !found.isFile()) return undefined
  const updatedAt = new Date(Math.max(found.mtimeMs, note.startedAt.getTime())) // clocks may go back
  return { ...note, folder, size: found.size, updatedAt }
}

export function statusOf({ ref, total, expected, startedAt, updatedAt, size }: FoundIngest): IngestStatus {
  return { ref, offset: size, total, expected, startedAt, updatedAt }
}

/** How many of its bytes there still are, if the machine was started again meanwhile. */
export function soundSize({ place, size, flushed }: FoundIngest): number {
  return place === thisProcess().place ? size : Math.min(size, flushed)
}

export async function writeNote({ work }: StorePaths, folder: string, note: IngestNote): Promise<void> {
  const bytes = Buffer.from(JSON.stringify(note))
  await replaceFile(join(folder, NOTE), { bytes, work, durable: false, mode: PRIVATE_MODE })
}

/** The bytes of an ingest that is begun. */
export async function createData(folder: string): Promise<FileHandle> {
  const path = dataPath(folder)
  return await naming('create', path, async () => {
    await rm(path, { recursive: true, force: true }) // whatever it was
    return await open(path, 'wx+', PRIVATE_MODE)
  })
}

/** The bytes of an ingest that was found. */
export async function openData(folder: string): Promise<FileHandle> {
  const path = dataPath(folder)
  return await naming('open', path, async () => {
    try {
      return await open(path, constants.O_RDWR | NO_FOLLOW)
    } catch (reason) {
      if (errorNumber(reason) !== 'EACCES') throw reason
      await chmod(path, PRIVATE_MODE) // it was about to become a blob
      return await open(path, constants.O_RDWR | NO_FOLLOW)
    }
  })
}

/** Takes it away in one step, so that the ref is free, and then its files. Whoever calls has it open. */
export async function removeIngest({ work }: StorePaths, folder: string): Promise<void> {
  const gone = join(work, `gone.${randomBytes(12).toString('hex')}`)
  await naming('remove', folder, async () => {
    if ((await ifExists(rename(folder, gone).then(() => true))) === undefined) return
    await rm(gone, { recursive: true, force: true })
  })
}

async function readNote(path: string): Promise<IngestNote | undefined> {
  let value: unknown
  try {
    const bytes = await readBounded(path, { limitBytes: MAX_NOTE_BYTES, what: 'the note of an ingest' })
    value = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (reason) {
    if (reason instanceof SyntaxError || (reason instanceof ImageError && reason.code !== 'IO')) return undefined
    throw reason
  }
  return asNote(value)
}

function asNote(value: unknown): IngestNote | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { ref, namespace, total, expected, startedAt, place, flushed }: Record<string, unknown> = { ...value }
  if (typeof ref !== 'string' || ref === '' || typeof namespace !== 'string' || typeof place !== 'string')
    return undefined
  if (!isCount(flushed) || (total !== undefined && !isCount(total))) return undefined
  if (expected !== undefined && !isDigest(expected)) return undefined
  const started = new Date(typeof startedAt === 'string' ? startedAt : NaN)
  if (Number.isNaN(started.getTime()) || !isNamespace(namespace)) return undefined
  return { ref, namespace, total, expected: expected satisfies Digest | undefined, startedAt: started, place, flushed }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function isNamespace(text: string): boolean {
  try {
    return checkNamespace(text) === text
  } catch {
    return false
  }
}
