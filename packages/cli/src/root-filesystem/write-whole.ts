import { randomUUID } from 'node:crypto'
import { type FileHandle, open, realpath, rename, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ifExists, naming, quotePath, syncFolder } from '@crossdock/blob-files'
import { ImageError } from '@crossdock/core'
import { recycle } from '@crossdock/streams'

/**
 * Writes a file that has its name only when it is whole; until then what had the name keeps it. Nothing is left of a write that
 * failed. A symbolic link stays one. Throws `IO`, `CONFLICT` if something else than a regular file has the name, and what `body` throws.
 */
export async function writeWhole(path: string, body: AsyncIterable<Uint8Array>): Promise<void> {
  const target = await naming('write', path, () => placeOf(path))
  const temporary = join(dirname(target), `.crossdock-${randomUUID()}.partial`)
  await naming('write', path, async () => {
    const file = await open(temporary, 'wx')
    try {
      await fill(file, body)
      await rename(temporary, target)
    } catch (reason) {
      await unlink(temporary)
      throw reason
    }
  })
  await syncFolder(dirname(target))
}

async function placeOf(path: string): Promise<string> {
  const found = await ifExists(stat(path))
  if (found === undefined) return path
  if (found.isFile()) return await realpath(path)
  const what = found.isDirectory() ? 'a folder' : 'a pipe, a socket or a device'
  throw new ImageError('CONFLICT', `${quotePath(path)} is ${what}: choose another file, or write to stdout with "-o -"`)
}

async function fill(file: FileHandle, body: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const chunk of body) {
      await writeAll(file, chunk)
      recycle(chunk)
    }
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A write may end before everything is written. */
async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.byteLength;) {
    const { bytesWritten } = await file.write(chunk, done)
    done += bytesWritten
  }
}
