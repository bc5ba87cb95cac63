import { lstat, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  createFolder,
  createWithParents,
  errorNumber,
  ifExists,
  naming,
  pathError,
  quotePath,
  readBounded,
  replaceFile,
  requirePlain,
  syncFolder,
} from '@crossdock/blob-files'
import { checkLayoutMarker, LAYOUT_MARKER, MAX_LAYOUT_MARKER_BYTES } from '@crossdock/formats'
import type { StorePaths } from '../store-paths.ts'

export interface PrepareLayoutOptions {
  /** Whether a layout is made if there is none. */
  readonly create: boolean
  /** Whether only what is there is looked at. Default: false. */
  readonly readOnly?: boolean | undefined
  readonly durable: boolean
}

/** What a store that was not finished may have left in its folder. */
const OWN = /^(?:\.crossdock|ingest|blobs|index\.json|crossdock\.db(?:-wal|-shm|-journal)?)$/

/**
 * Makes the folder an image layout, unless it is one: at every step it is one or can become one. Throws `NOT_FOUND` if there is none and
 * none is to be made, `CONFLICT` for a folder with other things in it, `INVALID_DATA` and `UNSUPPORTED` for another kind of layout.
 */
export async function prepareLayout(paths: StorePaths, options: PrepareLayoutOptions): Promise<void> {
  const marker = join(paths.folder, 'oci-layout')
  const isThere = await checkFolder(paths, marker)
  if (!isThere && (!options.create || options.readOnly === true))
    throw pathError('NOT_FOUND', paths.folder, 'is no store of images: name another folder, or make one there')
  if (options.readOnly === true) return
  for (const folder of [paths.work, paths.blobs.folder, paths.ingest]) await requirePlain(folder, 'folder')
  const created = await createWithParents(paths.folder)
  for (const folder of [paths.work, paths.refs, paths.blobs.folder, paths.blobs.partial, paths.ingest])
    await createFolder(folder)
  if (isThere) return
  const bytes = new TextEncoder().encode(LAYOUT_MARKER)
  await replaceFile(marker, { bytes, work: paths.work, durable: options.durable })
  if (options.durable) for (const folder of created) await syncFolder(dirname(folder))
}

/** Whether there is a layout already. */
async function checkFolder({ folder }: StorePaths, marker: string): Promise<boolean> {
  const names = await naming('read the folder', folder, () => namesIn(folder))
  if (names === undefined) throw pathError('CONFLICT', folder, 'is a file; a store is a folder. Choose another path')
  if ((await naming('look at', marker, () => ifExists(lstat(marker)))) !== undefined) {
    const bytes = await readBounded(marker, { limitBytes: MAX_LAYOUT_MARKER_BYTES, what: 'an "oci-layout" file' })
    checkLayoutMarker(bytes, quotePath(marker))
    return true
  }
  if (names.every((name) => OWN.test(name))) return false
  throw pathError('CONFLICT', folder, 'is a folder with other files in it, not a store of images. Choose another path')
}

/** Undefined if it is no folder. */
async function namesIn(folder: string): Promise<readonly string[] | undefined> {
  try {
    return (await ifExists(readdir(folder))) ?? []
  } catch (reason) {
    if (errorNumber(reason) === 'ENOTDIR') return undefined
    throw reason
  }
}
