import { digestOf } from '@crossdock/core'
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { keyText, type OpenUpload, type UploadJournal, type UploadKey } from './journal.ts'

/** Registries drop open uploads after a day or a week; later they are only clutter. */
const MAX_AGE_MS = 7 * 24 * 3600 * 1000
const MAX_NOTE_BYTES = 64 * 1024
/** Who is at work notes its progress more often; after this long its process is taken to be gone, whatever has its number now. */
const OWNED_MS = 10 * 60 * 1000

interface Note extends OpenUpload {
  /** Whose upload it is: two processes may not write to one. */
  readonly pid: number
  readonly machine: string
  readonly key: string
}

interface KnownNote extends Note {
  readonly notedAt: number
}

/**
 * A journal of small files in a folder, which is made when it is needed and readable to its owner alone. What other processes
 * leave while the journal is in use is not seen: looking costs as much as a small upload. A storage that cannot be written to
 * (read-only, full) costs resumption and not the upload.
 */
export function folderJournal(folder: string): UploadJournal {
  const fileOf = (key: UploadKey): string =>
    join(folder, `${digestOf(Buffer.from(keyText(key))).slice('sha256:'.length)}.json`)
  let listing: Promise<Set<string>> | undefined
  const known = (): Promise<Set<string>> => (listing ??= sweptFolder(folder))
  const find = async (file: string, key: UploadKey): Promise<KnownNote | undefined> =>
    (await known()).has(file) ? await read(file, key) : undefined
  return {
    peek: async (key) => {
      const note = await find(fileOf(key), key)
      return note === undefined || isForeign(note) ? undefined : note
    },
    claim: (key) =>
      tolerant(async () => {
        const file = fileOf(key)
        const note = await find(file, key)
        if (note === undefined || isForeign(note)) return undefined
        if (isOwn(note)) return note
        // Of several that find a dead process's note, the rename lets one win.
        const taken = `${file}.${process.pid}`
        await rename(file, taken)
        await write(file, { url: note.url, offset: note.offset, key: note.key, pid: process.pid, machine: hostname() })
        await rm(taken, { force: true })
        return note
      }),
    note: (key, { url, offset }) =>
      tolerant(async () => {
        const file = fileOf(key)
        ;(await known()).add(file)
        const note = { url, offset, key: keyText(key), pid: process.pid, machine: hostname() }
        if (await create(file, note)) return undefined
        const present = await read(file, key)
        if (present === undefined || !isForeign(present)) await write(file, note)
        return undefined
      }),
    forget: (key) =>
      tolerant(async () => {
        const file = fileOf(key)
        const files = await known()
        if (!files.has(file)) return undefined
        const present = await read(file, key)
        if (present !== undefined && isForeign(present)) return undefined
        await rm(file, { force: true })
        files.delete(file)
        return undefined
      }),
  }
}

/** A file that exists for an instant while a note is replaced or taken over, and the process that does it. */
const PASSING = /\.json\.(\d{1,10})(?:\.tmp)?$/

/** Paths of the notes in the folder. Drops what is too old or was left half-way by a dead process. */
async function sweptFolder(folder: string): Promise<Set<string>> {
  const notes = new Set<string>()
  for (const name of await readdir(folder).catch(() => [])) {
    const file = join(folder, name)
    const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: Date.now() }))
    const age = Date.now() - mtimeMs
    const passing = PASSING.exec(name)?.[1]
    const orphaned = passing !== undefined && (age > OWNED_MS || !isAlive(Number(passing)))
    if (orphaned || age > MAX_AGE_MS) await rm(file, { force: true }).catch(() => undefined)
    else if (passing === undefined) notes.add(file)
  }
  return notes
}

/** False if there is one. Who reads it half written finds nothing, which costs bytes and no more. */
async function create(file: string, note: Note): Promise<boolean> {
  const text = JSON.stringify(note)
  try {
    await writeFile(file, text, { mode: 0o600, flag: 'wx' })
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    if (!hasCode(error, 'ENOENT')) throw error
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    await writeFile(file, text, { mode: 0o600 })
    return true
  }
}

async function write(file: string, note: Note): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`
  await writeFile(temporary, JSON.stringify(note), { mode: 0o600 })
  // A crash of the machine may lose it: the upload then begins anew.
  await rename(temporary, file)
}

async function read(file: string, key: UploadKey): Promise<KnownNote | undefined> {
  try {
    await using handle = await open(file)
    const { mtimeMs, size } = await handle.stat()
    if (size > MAX_NOTE_BYTES || Date.now() - mtimeMs > MAX_AGE_MS) return undefined
    const note: unknown = JSON.parse(await handle.readFile('utf8'))
    return isNote(note) && note.key === keyText(key) ? { ...note, notedAt: mtimeMs } : undefined
  } catch {
    return undefined
  }
}

function isNote(value: unknown): value is Note {
  if (typeof value !== 'object' || value === null) return false
  const { url, offset, key, pid, machine } = value as Partial<Record<keyof Note, unknown>> // each is looked at below
  return (
    typeof url === 'string' &&
    URL.canParse(url) &&
    Number.isSafeInteger(offset) &&
    Number(offset) >= 0 &&
    Number.isSafeInteger(pid) &&
    typeof machine === 'string' &&
    typeof key === 'string'
  )
}

function isOwn({ pid, machine }: Pick<Note, 'pid' | 'machine'>): boolean {
  return pid === process.pid && machine === hostname()
}

/** Whether another process that lives has it. Of another machine, on a shared home folder, only its notes tell. */
function isForeign({ pid, machine, notedAt }: KnownNote): boolean {
  if (isOwn({ pid, machine }) || Date.now() - notedAt > OWNED_MS) return false
  return machine !== hostname() || isAlive(pid)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Not permitted: it lives, as another user's.
    return hasCode(error, 'EPERM')
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

async function tolerant<Value>(task: () => Promise<Value | undefined>): Promise<Value | undefined> {
  try {
    return await task()
  } catch {
    return undefined
  }
}
