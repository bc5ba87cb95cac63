import { lstat, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import type { Digest } from '@crossdock/core'
import { errorNumber, fileError, ifExists, naming, pathError } from '../errors.ts'
import { PRIVATE_MODE, publicMode, syncFolder } from './files.ts'
import { checkMarker, MARKER_TEXT } from './layout.ts'
import { formatOwner, thisProcess } from './owner.ts'
import { algorithmFolder, isWorkFolder, type BlobPaths, type LayoutPaths } from './paths.ts'

/**
 * Checks, without changing anything, that the path is a layout or can become one: nothing there, or an empty folder. A
 * file, somebody's folder and links in the places that are written to are refused with `CONFLICT`.
 */
export async function checkWritable(paths: LayoutPaths): Promise<void> {
  const found = await naming('look at', paths.root, () => ifExists(stat(paths.root)))
  if (found !== undefined) {
    if (!found.isDirectory())
      throw pathError('CONFLICT', paths.root, 'is a file; an image layout is a folder. Choose another path')
    const names = await naming('read the folder', paths.root, () => readdir(paths.root))
    if (names.includes('oci-layout')) await checkMarker(paths)
    else if (names.some((name) => !isWorkFolder(name))) {
      throw pathError(
        'CONFLICT',
        paths.root,
        'is a folder with other files in it, not an image layout. Choose another path',
      )
    }
    await requirePlain(paths.index, 'file')
    await requirePlain(paths.work, 'folder')
    if (!paths.blobs.shared) await requirePlain(paths.blobs.folder, 'folder')
  }
  await requirePlain(paths.blobs.work, 'folder')
  await requirePlain(paths.blobs.partial, 'folder')
  await requirePlain(paths.blobs.stamps, 'file')
}

/** Makes the layout if it is not there yet, in an order that leaves a layout at every step. */
export async function createLayout(paths: LayoutPaths, { durable }: { durable: boolean }): Promise<void> {
  await checkWritable(paths)
  const created = await createWithParents(paths.root)
  await createFolder(paths.work)
  if ((await naming('look at', paths.marker, () => ifExists(lstat(paths.marker)))) === undefined) {
    await replaceFile(paths.marker, { bytes: new TextEncoder().encode(MARKER_TEXT), work: paths.work, durable })
  }
  for (const folder of [paths.blobs.folder, paths.blobs.work, paths.blobs.partial]) await createFolder(folder)
  if (durable) for (const folder of created) await syncFolder(dirname(folder))
}

/**
 * Creates the folder and those above it that are missing; returns the new ones. Node.js's own way tries for ever where a file
 * system answers ENOENT whatever is above, as /proc does.
 */
async function createWithParents(path: string): Promise<readonly string[]> {
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

/** Makes the folder for blobs of a digest's algorithm, once for these paths. */
export async function createAlgorithmFolder(blobs: BlobPaths, digest: Digest): Promise<void> {
  const made = madeFolders.get(blobs) ?? new Map<string, Promise<void>>()
  madeFolders.set(blobs, made)
  const folder = algorithmFolder(blobs, digest)
  const making = made.get(folder) ?? createFolder(folder)
  made.set(folder, making)
  try {
    await making
  } catch (reason) {
    made.delete(folder) // it may succeed when it is tried again
    throw reason
  }
}

async function createFolder(path: string): Promise<void> {
  await naming('create the folder', path, () => createOne(path))
  await requirePlain(path, 'folder')
}

/** Refuses a link, or anything else that is not what it should be, where something will be written. */
async function requirePlain(path: string, kind: 'file' | 'folder'): Promise<void> {
  const found = await naming('look at', path, () => ifExists(lstat(path)))
  if (found === undefined || (kind === 'file' ? found.isFile() : found.isDirectory())) return
  const is = found.isSymbolicLink() ? 'is a symbolic link, which is never written through' : `is not a ${kind}`
  throw pathError('CONFLICT', path, `${is}; remove it or choose another path`)
}

export interface ReplaceFileOptions {
  readonly bytes: Uint8Array
  /** Where the new file is written first; on the same file system. */
  readonly work: string
  readonly durable: boolean
  /** Whether the folder is flushed, too. Default: as `durable`. */
  readonly syncFolder?: boolean | undefined
  /** Permission bits. Default: as the umask lets everybody read. */
  readonly mode?: number | undefined
  /** Asked right before the rename; what it throws leaves the old file. */
  readonly beforeRename?: (() => Promise<void>) | undefined
}

/** Replaces a file, or creates it, in one step: whoever reads it sees the old bytes or the new ones. */
export async function replaceFile(path: string, options: ReplaceFileOptions): Promise<void> {
  const { bytes, work, durable, mode = publicMode() } = options
  const temporary = join(work, `new.${formatOwner(thisProcess())}.${randomBytes(6).toString('hex')}`)
  await naming('write', path, async () => {
    const handle = await open(temporary, 'wx', PRIVATE_MODE)
    try {
      try {
        await handle.writeFile(bytes)
        if (durable) await handle.sync()
        await handle.chmod(mode) // flushed with its name
      } finally {
        await handle.close()
      }
      await options.beforeRename?.()
      await rename(temporary, path)
    } catch (reason) {
      await unlink(temporary)
      throw reason
    }
  })
  if (options.syncFolder ?? durable) await syncFolder(dirname(path))
}
