import { randomUUID } from 'node:crypto'
import { chown, lstat, mkdir, open, readdir, readlink, realpath, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { ifExists } from './file-errors.ts'

/** Where the file is that a path leads to: a symbolic link stays one, even if nothing is there yet. */
export async function placeOfFile(path: string): Promise<string> {
  const real = await ifExists(realpath(path))
  if (real !== undefined) return real
  const link = await ifExists(lstat(path))
  if (link?.isSymbolicLink() === true) return resolve(dirname(path), await readlink(path))
  return resolve(path)
}

/** Makes the folder of a file that holds secrets. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
}

const TEMPORARY = '.crossdock-new'

/**
 * Replaces a file, or makes it, in one step, for its owner's eyes only: whoever reads it sees the old text or the new one. The caller holds
 * the file's lock: what was left of a write that was killed is removed.
 */
export async function replaceSecretFile(path: string, text: string): Promise<void> {
  await removeLeftovers(path)
  const temporary = `${path}${TEMPORARY}.${randomUUID()}`
  try {
    await using file = await open(temporary, 'wx', 0o600)
    await file.writeFile(text)
    await file.sync()
  } catch (reason) {
    await ifExists(unlink(temporary))
    throw reason
  }
  await keepOwner(path, temporary)
  await rename(temporary, path)
  await syncFolder(dirname(path))
}

async function removeLeftovers(path: string): Promise<void> {
  const prefix = `${basename(path)}${TEMPORARY}.`
  const names = await readdir(dirname(path))
  await Promise.all(
    names.filter((name) => name.startsWith(prefix)).map((name) => ifExists(unlink(join(dirname(path), name)))),
  )
}

/** A file of another user, which the administrator writes, stays that user's. */
async function keepOwner(path: string, temporary: string): Promise<void> {
  const [old, fresh] = [await ifExists(stat(path)), await stat(temporary)]
  if (old === undefined || (old.uid === fresh.uid && old.gid === fresh.gid)) return
  await chown(temporary, old.uid, old.gid).catch(() => undefined)
}

/** So that a power cut does not undo the rename. Windows cannot. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  await using folder = await open(path, 'r')
  await folder.sync()
}

export async function folderExists(path: string): Promise<boolean> {
  return (await ifExists(stat(path)))?.isDirectory() === true
}
