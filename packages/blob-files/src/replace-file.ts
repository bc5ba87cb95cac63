import { randomBytes } from 'node:crypto'
import { open, rename, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { naming } from './file-errors.ts'
import { PRIVATE_MODE, publicMode, syncFolder } from './files.ts'
import { formatOwner, thisProcess } from './owner.ts'

export interface ReplaceFileOptions {
  readonly bytes: Uint8Array
  /** Where the new file is written first; on the same file system. */
  readonly work: string
  readonly durable: boolean
  /** Whether the folder is flushed, too. Default: as `durable`. */
  readonly syncFolder?: boolean | undefined
  /** Permission bits. Default: as the umask lets everybody read. */
  readonly mode?: number | undefined
  /** Asked right before the rename; what it throws leaves the old file. */
  readonly beforeRename?: (() => Promise<void>) | undefined
}

/** Replaces a file, or creates it, in one step: whoever reads it sees the old bytes or the new ones. */
export async function replaceFile(path: string, options: ReplaceFileOptions): Promise<void> {
  const { bytes, work, durable, mode = publicMode() } = options
  const temporary = join(work, `new.${formatOwner(thisProcess())}.${randomBytes(6).toString('hex')}`)
  await naming('write', path, async () => {
    const handle = await open(temporary, 'wx', PRIVATE_MODE)
    try {
      try {
        await handle.writeFile(bytes)
        if (durable) await handle.sync()
        await handle.chmod(mode) // flushed with its name
      } finally {
        await handle.close()
      }
      await options.beforeRename?.()
      await rename(temporary, path)
    } catch (reason) {
      await unlink(temporary)
      throw reason
    }
  })
  if (options.syncFolder ?? durable) await syncFolder(dirname(path))
}
