import { lstat, mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Digest } from '@crossdock/core'
import type { BlobPaths } from './blob-paths.ts'
import { errorNumber, fileError, ifExists, naming, pathError } from './file-errors.ts'

/**
 * Creates the folder and those above it that are missing; returns the new ones. Node.js's own way tries for ever where a file
 * system answers ENOENT whatever is above, as /proc does.
 */
export async function createWithParents(path: string): Promise<readonly string[]> {
  try {
    return await createOne(path)
  } catch (reason) {
    const parent = dirname(path)
    if (errorNumber(reason) !== 'ENOENT' || parent === path) throw fileError(reason, 'create the folder', path)
    const above = await createWithParents(parent)
    try {
      return [...above, ...(await createOne(path))]
    } catch (again) {
      if (errorNumber(again) !== 'ENOENT') throw fileError(again, 'create the folder', path)
      throw pathError('IO', path, 'cannot be created: this file system takes no new folders there; choose another path')
    }
  }
}

async function createOne(path: string): Promise<readonly string[]> {
  try {
    await mkdir(path)
    return [path]
  } catch (reason) {
    if (errorNumber(reason) === 'EEXIST') return []
    throw reason
  }
}

const madeFolders = new WeakMap<BlobPaths, Map<string, Promise<void>>>()

/** Makes the folder in which a blob will lie, once for these paths. */
export async function createFolderOf(blobs: BlobPaths, digest: Digest): Promise<void> {
  const made = madeFolders.get(blobs) ?? new Map<string, Promise<void>>()
  madeFolders.set(blobs, made)
  const folder = dirname(blobs.pathOf(digest))
  const making = made.get(folder) ?? createFolder(folder)
  made.set(folder, making)
  try {
    await making
  } catch (reason) {
    made.delete(folder) // it may succeed when it is tried again
    throw reason
  }
}

/** Makes the folder unless it is there. Throws `CONFLICT` for a link or a file in its place. */
export async function createFolder(path: string): Promise<void> {
  await naming('create the folder', path, () => createOne(path))
  await requirePlain(path, 'folder')
}

/** Refuses a link, or anything else that is not what it should be, where something will be written. */
export async function requirePlain(path: string, kind: 'file' | 'folder'): Promise<void> {
  const found = await naming('look at', path, () => ifExists(lstat(path)))
  if (found === undefined || (kind === 'file' ? found.isFile() : found.isDirectory())) return
  const is = found.isSymbolicLink() ? 'is a symbolic link, which is never written through' : `is not a ${kind}`
  throw pathError('CONFLICT', path, `${is}; remove it or choose another path`)
}
