import { randomBytes } from 'node:crypto'
import { open, rename, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { type BlobPaths, ifExists, naming, sweep, thisProcess } from '@crossdock/blob-files'
import { digestEncoded, ImageError } from '@crossdock/core'

/** Nobody else reads what is not finished. */
const PRIVATE_MODE = 0o600

/** A file that is being written. Disposing closes it and removes it, unless it has its final name. */
export interface TemporaryFile extends AsyncDisposable {
  readonly path: string
  readonly handle: FileHandle
  /** Closes the file and gives it its final name, in the place of what has that name. Throws `IO`; it cannot be written to any more then. */
  publish(path: string): Promise<void>
}

/**
 * Makes a file in the folder whose name says which process writes it, and removes what dead processes left there. Throws `IO` naming
 * the folder.
 */
export async function createTemporaryFile(folder: string): Promise<TemporaryFile> {
  const { path, handle } = await create(folder)
  let isOurs = true
  return {
    path,
    handle,
    async publish(to) {
      await naming('write', to, async () => {
        await handle.close() // some systems rename no open file
        await rename(path, to)
      })
      isOurs = false
    },
    async [Symbol.asyncDispose]() {
      await handle.close()
      if (isOurs) await remove(path)
      isOurs = false
    },
  }
}

async function create(folder: string): Promise<Pick<TemporaryFile, 'path' | 'handle'>> {
  await sweepQuietly(folder)
  const { pid, start, place } = thisProcess()
  const path = join(folder, `new.${pid}-${start}-${place}.${randomBytes(6).toString('hex')}`)
  const handle = await naming('create a file in', folder, () => open(path, 'wx+', PRIVATE_MODE))
  return { path, handle }
}

async function remove(path: string): Promise<void> {
  await naming('remove', path, () => ifExists(unlink(path)))
}

/** A file that is written and read, and never has a name that others know. Disposing gives its room back. */
export type NamelessFile = Omit<TemporaryFile, 'publish'>

/**
 * A file without a name: whatever becomes of this process, nothing is left of it. Where the system keeps the name of an open file,
 * it is removed by disposing.
 */
export async function createNamelessFile(folder: string): Promise<NamelessFile> {
  const file = await createTemporaryFile(folder)
  if (process.platform === 'win32') return file
  try {
    await remove(file.path)
  } catch (reason) {
    await file.handle.close()
    throw reason
  }
  return { ...file, [Symbol.asyncDispose]: () => file.handle.close() }
}

/** What others left and this user may not remove is no reason to fail. */
async function sweepQuietly(folder: string): Promise<void> {
  try {
    await sweep(withoutBlobs(folder))
  } catch (reason) {
    if (!(reason instanceof ImageError)) throw reason
  }
}

/** A folder in which files are replaced, and no blobs are kept. */
function withoutBlobs(folder: string): BlobPaths {
  return {
    folder,
    work: folder,
    partial: join(folder, '.crossdock-partial'),
    stamps: join(folder, '.crossdock-stamps'),
    pathOf: (digest) => join(folder, digestEncoded(digest)),
  }
}
