import { open, readFile, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ImageError, quoteForeign } from '@crossdock/core'

/** What this process has, so that a lock with its own process id that it does not have counts as left behind. */
const held = new Set<string>()

/** Takes a folder for this process until the result is called. Throws `CONFLICT` if a living process has it. */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(await realpath(folder), 'lock')
  const owner = held.has(path) ? process.pid : await findOwner(path)
  if (owner !== undefined) {
    throw new ImageError(
      'CONFLICT',
      `the registry folder ${quoteForeign(folder)} is in use by process ${owner}: stop it, or take another folder`,
    )
  }
  held.add(path)
  try {
    await rm(path, { force: true })
    const file = await open(path, 'wx')
    await file.writeFile(`${process.pid}\n`)
    await file.close()
  } catch (error) {
    held.delete(path)
    throw error
  }
  return async () => {
    held.delete(path)
    await rm(path, { force: true })
  }
}

async function findOwner(path: string): Promise<number | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const id = Number(text)
  if (!Number.isInteger(id) || id <= 0 || id === process.pid) return undefined
  return isAlive(id) ? id : undefined
}

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
