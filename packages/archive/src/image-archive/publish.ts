import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ifExists, naming, syncFolder } from '@crossdock/blob-files'
import type { TemporaryFile } from '../files/temporary-file.ts'

export interface Publishing {
  /** The target, absolute. */
  readonly path: string
  readonly durable: boolean
  readonly size: number
}

/** Cuts a finished file to its size and gives it its name, with the permissions of the one that it replaces. Throws `IO`. */
export async function publish(file: TemporaryFile, { path, durable, size }: Publishing): Promise<void> {
  const mode = await modeFor(path)
  await naming('write', path, async () => {
    await file.handle.truncate(size) // what a blob that failed left behind the end
    await file.handle.chmod(mode)
    if (durable) await file.handle.sync()
  })
  await file.publish(path)
  if (durable) await syncFolder(dirname(path))
}

/** As the file had it that is replaced; a new one is everybody's to read as far as the umask lets them. */
async function modeFor(path: string): Promise<number> {
  const found = await naming('look at', path, () => ifExists(stat(path)))
  return found === undefined ? 0o644 & ~process.umask() : found.mode & 0o777
}
