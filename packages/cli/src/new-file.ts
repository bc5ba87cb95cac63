import { open } from 'node:fs/promises'
import { ImageError, quoteForeign } from '@crossdock/core'

/** Writes a file and flushes it. Throws `CONFLICT` rather than touch a file that is there. */
export async function writeNewFile(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  try {
    await using file = await open(path, 'wx', mode)
    await file.writeFile(bytes)
    await file.sync()
  } catch (cause) {
    const shown = quoteForeign(path)
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') {
      throw new ImageError('CONFLICT', `${shown} exists and stays as it is; choose another name`, { cause })
    }
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ImageError('IO', `${shown} cannot be written: ${quoteForeign(reason, 200)}`, { cause })
  }
}
