import { lstat, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import type { Digest } from '@crossdock/core'
import { errorNumber, ifExists, naming, pathError } from '../errors.ts'
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
  const first = await naming('create the folder', paths.root, () => mkdir(paths.root, { recursive: true }))
  await createFolder(paths.work)
  if ((await naming('look at', paths.marker, () => ifExists(lstat(paths.marker)))) === undefined) {
    await replaceFile(paths.marker, { bytes: new TextEncoder().encode(MARKER_TEXT), work: paths.work, durable })
  }
  for (const folder of [paths.blobs.folder, paths.blobs.work, paths.blobs.partial]) await createFolder(folder)
  if (durable && first !== undefined) await syncParents(paths.root, first)
}

/** Flushes what the folder and those above it were made in, up to where `first`, the topmost new one, lies. */
async function syncParents(path: string, first: string): Promise<void> {
  const parent = dirname(path)
  await syncFolder(parent)
  if (path !== first && parent !== path) await syncParents(parent, first)
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
  await naming('create the folder', path, async () => {
    try {
      await mkdir(path)
    } catch (reason) {
      if (errorNumber(reason) !== 'EEXIST') throw reason
    }
  })
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
        await handle.chmod(mode)
        if (durable) await handle.sync()
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
