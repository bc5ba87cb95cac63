import { randomUUID } from 'node:crypto'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

export type Durability = 'full' | 'fast'

/** Writes a file beside its place and moves it there, so that its name never stands for half of it. */
export async function replaceFile(path: string, bytes: Uint8Array, durability: Durability): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    const file = await open(temporary, 'wx')
    try {
      await file.writeFile(bytes)
      if (durability === 'full') await file.sync()
    } finally {
      await file.close()
    }
    await moveFile(temporary, path, durability)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** Moves a file whose bytes are on disk already; both names are in one file system. */
export async function moveFile(from: string, to: string, durability: Durability): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  await rename(from, to)
  if (durability === 'full') await syncFolder(dirname(to))
}

/**
 * Runs something that puts content at a path. Where that fails because the same content is there and being read
 * (Windows does not let it be replaced then), there is nothing left to do.
 */
export async function unlessThere(path: string, size: number, put: () => Promise<void>): Promise<void> {
  try {
    await put()
  } catch (error) {
    const present = await stat(path).catch(() => undefined)
    if (present?.size !== size) throw error
  }
}

/** Makes the names in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return // it has no such operation: the rename itself is journalled
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
