import { readdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import {
  createFolder,
  createWithParents,
  ifExists,
  naming,
  pathError,
  requirePlain,
  syncFolder,
} from '@crossdock/blob-files'
import { type FolderPaths, isWorkFolder } from './paths.ts'
import { readVersion, writeVersion } from './version.ts'

/**
 * Checks, without changing anything, that the path is the folder of an image or can become one: nothing there, or an empty
 * folder. A file, somebody's folder and links in the places that are written to are refused with `CONFLICT`.
 */
export async function checkWritable(paths: FolderPaths): Promise<void> {
  const found = await naming('look at', paths.root, () => ifExists(stat(paths.root)))
  if (found === undefined) return
  if (!found.isDirectory())
    throw pathError('CONFLICT', paths.root, 'is a file; a "dir:" image is a folder. Choose another path')
  const names = await naming('read the folder', paths.root, () => readdir(paths.root))
  const isImage = (await readVersion(paths)) !== undefined
  if (!isImage && names.some((name) => !isWorkFolder(name))) {
    throw pathError(
      'CONFLICT',
      paths.root,
      'is a folder with other files in it: it has no "version" file as a "dir:" image has. Choose another path',
    )
  }
  for (const folder of [paths.work, paths.blobs.partial]) await requirePlain(folder, 'folder')
  for (const file of [paths.manifest, paths.unfinished, paths.blobs.stamps]) await requirePlain(file, 'file')
}

/** Makes the folder if it is not there yet, in an order that leaves one that can be gone on with at every step. */
export async function createImageFolder(paths: FolderPaths, options: { durable: boolean }): Promise<void> {
  await checkWritable(paths)
  const created = await createWithParents(paths.root)
  await createFolder(paths.work)
  if ((await readVersion(paths)) === undefined) await writeVersion(paths, '1.1', options)
  await createFolder(paths.blobs.partial)
  if (options.durable) for (const folder of created) await syncFolder(dirname(folder))
}
