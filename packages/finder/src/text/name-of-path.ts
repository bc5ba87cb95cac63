import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { ifExists, naming, openRegular, pathError, quotePath, readFully } from '@crossdock/blob-files'
import { ImageError, type OperationOptions } from '@crossdock/core'
import { cutLayoutName } from '@crossdock/formats'

export interface NameOfPathOptions extends OperationOptions {
  /** The most bytes that a packed archive may become while it is looked through. Default: 64 GiB. */
  readonly maxUnpackedBytes?: number | undefined
}

/**
 * The image name of what lies at a path, told by its content and never by its name: `oci:` or `dir:` for a folder, `oci-archive:`,
 * `docker-archive:` or `aci:` for a file. Of a file as little is read as tells it. Throws `NOT_FOUND`, `INVALID_DATA` for what is no image,
 * `INVALID_REFERENCE` for a path that no name of the transport can have, `LIMIT_EXCEEDED`, `IO`.
 */
export async function nameOfPath(path: string, options: NameOfPathOptions = {}): Promise<string> {
  const { signal, maxUnpackedBytes } = options
  signal?.throwIfAborted()
  const place = resolve(path)
  const found = await naming('look at', place, () => ifExists(stat(place)))
  if (found === undefined) {
    throw new ImageError('NOT_FOUND', `there is nothing at ${quotePath(place)}; check the path`)
  }
  if (found.isDirectory()) return nameAt(place, await transportOfFolder(place))
  const { transportOfFile } = await import('./transport-of-file.ts')
  return nameAt(place, await transportOfFile(place, { signal, maxUnpackedBytes }))
}

/** Only `dir:` reads all that follows it as the path. */
function nameAt(path: string, transport: string): string {
  if (transport === 'dir' || cutLayoutName(path).path === path) return `${transport}:${path}`
  throw new ImageError(
    'INVALID_REFERENCE',
    `${quotePath(path)} has a colon, where "${transport}:" ends a path; give it another name, or a link without one`,
  )
}

const DIR_VERSION = 'Directory Transport Version'

async function transportOfFolder(folder: string): Promise<'oci' | 'dir'> {
  if (await isFile(join(folder, 'oci-layout'))) return 'oci'
  if ((await beginsWith(join(folder, 'version'), DIR_VERSION)) || (await isFile(join(folder, 'manifest.json')))) {
    return 'dir'
  }
  throw pathError(
    'INVALID_DATA',
    folder,
    'is a folder and no image: it has neither the file "oci-layout" of an image layout nor the "manifest.json" of a "dir:" image',
  )
}

async function isFile(path: string): Promise<boolean> {
  const found = await naming('look at', path, () => ifExists(stat(path)))
  return found?.isFile() ?? false
}

async function beginsWith(path: string, text: string): Promise<boolean> {
  if (!(await isFile(path))) return false
  const { handle } = await openRegular(path, 'a "version" file')
  try {
    const room = new Uint8Array(text.length)
    const length = await naming('read', path, () => readFully(handle, room, 0))
    return Buffer.from(room.subarray(0, length)).toString('latin1') === text
  } finally {
    await handle.close()
  }
}
