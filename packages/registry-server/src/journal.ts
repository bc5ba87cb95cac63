import { appendFile, open, readFile, truncate, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ImageError, isDigest, quoteForeign } from '@crossdock/core'
import { replaceFile, syncFolder, type Durability } from './durable-file.ts'
import { createRepository, type RepositoryChange, type RepositoryState } from './repository-state.ts'

/** A repository whose changes are lines of a file: adding one is a short write, whatever the size of the repository. */
export interface Journal {
  readonly state: RepositoryState
  /** Reads what the file holds. Throws `INVALID_DATA` for a line that no journal has. */
  load(): Promise<void>
  /** Writes the changes, then lets them be seen; all of them or none. */
  append(changes: readonly RepositoryChange[]): Promise<void>
  close(): Promise<void>
}

/** A journal is written anew when it is opened with this many times the lines it needs. */
const MAX_GROWTH = 4

export function openJournal({ path, durability }: { readonly path: string; readonly durability: Durability }): Journal {
  const state = createRepository()
  let file: FileHandle | undefined
  let last: Promise<void> = Promise.resolve()

  const load = async (): Promise<void> => {
    const text = await readFile(path, 'utf8')
    const end = text.lastIndexOf('\n') + 1
    // A crash in the middle of a write leaves the beginning of a line, which was never acknowledged.
    if (end < text.length) await truncate(path, Buffer.byteLength(text.slice(0, end)))
    const lines = text.slice(0, end).split('\n').slice(0, -1)
    for (const [index, line] of lines.entries()) {
      for (const change of parseLine(line, `${path}:${index + 1}`)) state.apply(change)
    }
    const changes = state.changes()
    if (lines.length > MAX_GROWTH * (changes.length + 16))
      await replaceFile(path, Buffer.from(printLine(changes)), durability)
  }

  const write = async (changes: readonly RepositoryChange[]): Promise<void> => {
    if (file === undefined) {
      file = await open(path, 'a')
      if (durability === 'full') await syncFolder(dirname(path))
    }
    await appendFile(file, printLine(changes))
    if (durability === 'full') await file.datasync()
    for (const change of changes) state.apply(change)
  }

  return {
    state,
    load,
    append: async (changes) => {
      const written = last.then(async () => await write(changes))
      last = written.catch(() => {}) // the next one does not depend on this one's success
      await written
    },
    close: async () => {
      await last
      await file?.close()
      file = undefined
    },
  }
}

function printLine(changes: readonly RepositoryChange[]): string {
  return `${JSON.stringify(changes)}\n`
}

function parseLine(line: string, where: string): readonly RepositoryChange[] {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    value = undefined
  }
  if (Array.isArray(value) && value.every(isChange)) return value
  throw new ImageError(
    'INVALID_DATA',
    `the registry folder is damaged at ${quoteForeign(where)}: remove that line to go on without what it says`,
  )
}

const REQUIRED: Readonly<Record<RepositoryChange['do'], readonly (keyof typeof MEMBERS)[]>> = {
  'put-blob': ['digest', 'size'],
  'put-manifest': ['digest', 'manifest'],
  'put-tag': ['digest', 'tag'],
  'delete-blob': ['digest'],
  'delete-manifest': ['digest'],
  'delete-tag': ['tag'],
}

const MEMBERS = {
  digest: isDigest,
  size: Number.isSafeInteger,
  tag: (value: unknown) => typeof value === 'string',
  manifest: (value: unknown) =>
    isObject(value) && typeof value['mediaType'] === 'string' && Number.isSafeInteger(value['size']),
}

function isChange(value: unknown): value is RepositoryChange {
  if (!isObject(value)) return false
  const [, required] = Object.entries(REQUIRED).find(([name]) => name === value['do']) ?? []
  return required?.every((member) => MEMBERS[member](value[member])) ?? false
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
