import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Some ten thousand blobs. */
const MAX_BYTES = 1024 * 1024
/** Of a host that nobody has used for so long, what was where has changed. */
const MAX_AGE_MS = 90 * 24 * 3600 * 1000

/** What is kept of one host: a line `DIGEST REPOSITORY` for each blob, the newest last. */
export interface HostFile {
  readonly repositories: ReadonlyMap<string, string>
  /** Whether it is large enough to be written anew, with the newest half of what it says. */
  readonly isFull: boolean
}

/** A file that cannot be read says nothing; of a large one the end counts. */
export async function readHostFile(path: string): Promise<HostFile> {
  try {
    await using handle = await open(path)
    const { size } = await handle.stat()
    const begin = Math.max(0, size - MAX_BYTES)
    const room = Buffer.alloc(size - begin)
    const { bytesRead } = await handle.read(room, 0, room.byteLength, begin)
    const lines = room.toString('latin1', 0, bytesRead).split('\n')
    // Where reading begins in the middle, so does the first line.
    if (begin > 0) lines.shift()
    return { repositories: new Map(lines.flatMap(entryOf)), isFull: size >= MAX_BYTES }
  } catch {
    return { repositories: new Map(), isFull: false }
  }
}

function entryOf(line: string): [digest: string, repository: string][] {
  const [digest = '', repository = '', more] = line.split(' ')
  return repository === '' || more !== undefined ? [] : [[digest, repository]]
}

export type HostEntry = readonly [digest: string, repository: string]

/** Adds lines. What two processes add at once is there twice, or once. Throws what the system fails with. */
export async function addToHostFile(
  path: string,
  { repositories, isFull }: HostFile,
  entries: readonly HostEntry[],
): Promise<void> {
  if (!isFull) {
    await append(path, textOf(entries))
    return
  }
  const newest = [...repositories].slice(Math.ceil(repositories.size / 2))
  const temporary = `${path}.${process.pid}.tmp`
  await writeFile(temporary, textOf([...newest, ...entries]), { mode: 0o600 })
  await rename(temporary, path)
}

async function append(path: string, text: string): Promise<void> {
  const isNew = (await mkdir(dirname(path), { recursive: true, mode: 0o700 })) !== undefined || (await isMissing(path))
  await writeFile(path, text, { mode: 0o600, flag: 'a' })
  if (isNew) await sweep(dirname(path))
}

async function isMissing(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) === undefined
}

async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const { mtimeMs } = await stat(join(folder, name))
    if (Date.now() - mtimeMs > MAX_AGE_MS) await rm(join(folder, name), { force: true })
  }
}

function textOf(entries: readonly HostEntry[]): string {
  return entries.map(([digest, repository]) => `${digest} ${repository}\n`).join('')
}
