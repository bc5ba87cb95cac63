import { opendir } from 'node:fs/promises'
import { ImageError, type OperationOptions, quoteForeign } from '@crossdock/core'

/** A key store with more keys for one name is a mistake. */
const MAX_NAMES = 10_000

/** The names in a folder, sorted; undefined if there is none. Throws `IO` and `LIMIT_EXCEEDED`. */
export async function readFolderNames(
  path: string,
  { signal }: OperationOptions = {},
): Promise<readonly string[] | undefined> {
  const names: string[] = []
  try {
    for await (const { name } of await opendir(path)) {
      signal?.throwIfAborted()
      names.push(name)
      if (names.length > MAX_NAMES)
        throw new ImageError('LIMIT_EXCEEDED', `${quoteForeign(path)} has more than ${MAX_NAMES} entries`)
    }
    return names.toSorted()
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof ImageError) throw error
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    const reason = error instanceof Error ? error.message : String(error)
    throw new ImageError('IO', `${quoteForeign(path)} cannot be read: ${quoteForeign(reason, 200)}`, { cause: error })
  }
}
