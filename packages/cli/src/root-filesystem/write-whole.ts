import { randomBytes } from 'node:crypto'
import { type FileHandle, open, realpath, rename, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  formatOwner,
  ifExists,
  naming,
  PRIVATE_MODE,
  publicMode,
  quotePath,
  sweepPassing,
  syncFolder,
  thisProcess,
} from '@crossdock/blob-files'
import { ImageError } from '@crossdock/core'
import { recycle } from '@crossdock/streams'

/** Processes of another machine know by the file's time that somebody still writes it. */
const BEAT_MS = 30_000

/**
 * Writes a file that has its name only when it is whole; until then what had the name keeps it. Nothing is left of a write that
 * failed, and what a process that was killed left in the folder is removed. A symbolic link stays one, and permissions stay. Throws `IO`,
 * `CONFLICT` if something else than a regular file has the name, and what `body` throws.
 */
export async function writeWhole(path: string, body: AsyncIterable<Uint8Array>): Promise<void> {
  const { target, mode } = await naming('write', path, () => placeOf(path))
  const folder = dirname(target)
  await sweepQuietly(folder)
  const temporary = join(folder, `new.${formatOwner(thisProcess())}.${randomBytes(6).toString('hex')}`)
  await naming('write', path, async () => {
    const file = await open(temporary, 'wx', PRIVATE_MODE)
    try {
      await fill(file, body, mode)
      await rename(temporary, target)
    } catch (reason) {
      await unlink(temporary)
      throw reason
    }
  })
  await syncFolder(folder)
}

interface Place {
  readonly target: string
  readonly mode: number
}

async function placeOf(path: string): Promise<Place> {
  const found = await ifExists(stat(path))
  if (found === undefined) return { target: path, mode: publicMode() }
  if (found.isFile()) return { target: await realpath(path), mode: found.mode & 0o777 }
  const what = found.isDirectory() ? 'a folder' : 'a pipe, a socket or a device'
  throw new ImageError('CONFLICT', `${quotePath(path)} is ${what}: choose another file, or write to stdout with "-o -"`)
}

/** What others left and this user may not remove is no reason to fail. */
async function sweepQuietly(folder: string): Promise<void> {
  try {
    await sweepPassing(folder)
  } catch (reason) {
    if (!(reason instanceof ImageError)) throw reason
  }
}

async function fill(file: FileHandle, body: AsyncIterable<Uint8Array>, mode: number): Promise<void> {
  const beat = setInterval(() => void touch(file).catch(() => undefined), BEAT_MS)
  try {
    for await (const chunk of body) {
      await writeAll(file, chunk)
      recycle(chunk)
    }
    await file.chmod(mode)
    await file.sync()
  } finally {
    clearInterval(beat)
    await file.close()
  }
}

async function touch(file: FileHandle): Promise<void> {
  const now = new Date()
  await file.utimes(now, now)
}

/** A write may end before everything is written. */
async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.byteLength;) {
    const { bytesWritten } = await file.write(chunk, done)
    done += bytesWritten
  }
}
