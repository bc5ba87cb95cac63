import { lstat, readdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import {
  createFolder,
  createWithParents,
  ifExists,
  naming,
  pathError,
  replaceFile,
  requirePlain,
  syncFolder,
} from '@crossdock/blob-files'
import { LAYOUT_MARKER } from '@crossdock/formats'
import { checkMarker } from './layout.ts'
import { isWorkFolder, type LayoutPaths } from './paths.ts'

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
    await replaceFile(paths.marker, { bytes: new TextEncoder().encode(LAYOUT_MARKER), work: paths.work, durable })
  }
  for (const folder of [paths.blobs.folder, paths.blobs.work, paths.blobs.partial]) await createFolder(folder)
  if (durable) for (const folder of created) await syncFolder(dirname(folder))
}
