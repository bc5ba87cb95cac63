import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { ImageError, quoteForeign } from '@crossdock/core'

/** No configuration file is larger. */
export const MAX_CONFIG_FILE_BYTES: number = 4 * 1024 * 1024

export interface ReadConfigFileOptions {
  readonly signal?: AbortSignal | undefined
  /** Default: `MAX_CONFIG_FILE_BYTES`. */
  readonly limitBytes?: number | undefined
}

/**
 * A configuration file's bytes; undefined if there is no file of that name. A pipe, a device and a folder are refused, and whoever grows
 * it meanwhile gains nothing. Throws `IO` and `LIMIT_EXCEEDED`, both naming the file.
 */
export async function readConfigFile(
  path: string,
  { signal, limitBytes = MAX_CONFIG_FILE_BYTES }: ReadConfigFileOptions = {},
): Promise<Uint8Array | undefined> {
  signal?.throwIfAborted()
  try {
    // A pipe of that name must not hold anybody up.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    if (!(await file.stat()).isFile()) throw new Error('it is not a regular file')
    const pieces: Uint8Array[] = []
    for (let size = 0; size <= limitBytes;) {
      signal?.throwIfAborted()
      const { bytesRead, buffer } = await file.read(Buffer.alloc(16_384), 0, 16_384, size)
      if (bytesRead === 0) return Buffer.concat(pieces)
      pieces.push(buffer.subarray(0, bytesRead))
      size += bytesRead
    }
  } catch (error) {
    signal?.throwIfAborted()
    if (isMissing(error)) return undefined
    const reason = error instanceof Error ? error.message : String(error)
    throw new ImageError('IO', `${quoteForeign(path)} cannot be read: ${quoteForeign(reason, 200)}`, { cause: error })
  }
  throw new ImageError('LIMIT_EXCEEDED', `${quoteForeign(path)} has more than ${limitBytes} bytes`)
}

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ENOENT' || code === 'ENOTDIR'
}
