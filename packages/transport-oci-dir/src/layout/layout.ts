import { lstat } from 'node:fs/promises'
import { errorNumber, ifExists, naming, pathError, quotePath, readBounded } from '@crossdock/blob-files'
import { ImageError } from '@crossdock/core'
import { checkLayoutMarker, type LayoutIndex, MAX_LAYOUT_MARKER_BYTES, parseLayoutIndex } from '@crossdock/formats'
import type { ResolvedOptions } from '../options.ts'
import type { LayoutPaths } from './paths.ts'

/**
 * Checks that the folder is an image layout of version 1.0. Throws `NOT_FOUND` if there is no folder, `INVALID_DATA` if it is
 * something else, `UNSUPPORTED` for another version.
 */
export async function checkMarker(paths: LayoutPaths): Promise<void> {
  let bytes: Uint8Array
  try {
    bytes = await readBounded(paths.marker, { limitBytes: MAX_LAYOUT_MARKER_BYTES, what: 'an "oci-layout" file' })
  } catch (reason) {
    if (!(reason instanceof ImageError)) throw reason
    if (errorNumber(reason.cause) === 'ENOTDIR') throw notAFolder(paths, reason)
    throw reason.code === 'NOT_FOUND' ? await notALayout(paths, reason) : reason
  }
  checkLayoutMarker(bytes, quotePath(paths.marker))
}

async function notALayout({ root }: LayoutPaths, cause: ImageError): Promise<ImageError> {
  const found = await naming('look at', root, () => ifExists(lstat(root)))
  if (found === undefined) return new ImageError('NOT_FOUND', `there is no folder ${quotePath(root)}`, { cause })
  return new ImageError(
    'INVALID_DATA',
    `${quotePath(root)} is not an OCI image layout: it has no "oci-layout" file (image-spec, image-layout.md)`,
    { cause },
  )
}

function notAFolder({ root }: LayoutPaths, cause: ImageError): ImageError {
  return new ImageError('INVALID_DATA', `${quotePath(root)} is not an OCI image layout: it is no folder`, { cause })
}

/** `index.json`; undefined if there is none yet. */
export async function readIndex(
  paths: LayoutPaths,
  { maxIndexBytes }: ResolvedOptions,
  options: { rewrite?: boolean } = {},
): Promise<LayoutIndex | undefined> {
  try {
    const bytes = await readBounded(paths.index, { limitBytes: maxIndexBytes, what: 'an "index.json"' })
    return parseLayoutIndex(bytes, { what: quotePath(paths.index), maxBytes: maxIndexBytes, rewrite: options.rewrite })
  } catch (reason) {
    if (reason instanceof ImageError && reason.code === 'NOT_FOUND') return undefined
    throw reason
  }
}

/**
 * Checks the layout and reads `index.json`. Throws `NOT_FOUND` if nothing was stored in it yet, and what {@link checkMarker}
 * and `parseLayoutIndex` throw.
 */
export async function openLayout(paths: LayoutPaths, options: ResolvedOptions): Promise<LayoutIndex> {
  await checkMarker(paths)
  const index = await readIndex(paths, options)
  if (index !== undefined) return index
  throw pathError('NOT_FOUND', paths.root, 'holds no image yet: it has no "index.json"')
}
