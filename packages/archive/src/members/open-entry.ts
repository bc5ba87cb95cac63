import { ImageError, quoteForeign } from '@crossdock/core'
import type { RandomAccess } from '../access/random-access.ts'
import { readAccess } from '../access/read-access.ts'
import type { TarEntry } from '../tar/entry.ts'
import { runs, zeros } from '../tar/sparse.ts'

export interface OpenEntryOptions {
  /** The first byte wanted. Default: 0. */
  readonly offset?: number | undefined
  /** The first byte not wanted any more. Default: the size. */
  readonly end?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * The content of a file in the archive, or a part of it; one chunk is read ahead. Several may be open at once. Throws `INVALID_DATA` for
 * what is not a file (`findFile` follows links), `CONFLICT` if the archive shrank meanwhile, `IO`.
 */
export async function* openEntry(
  access: RandomAccess,
  entry: TarEntry,
  options: OpenEntryOptions = {},
): AsyncGenerator<Uint8Array> {
  if (entry.type !== 'file') {
    const path = quoteForeign(entry.path, 200)
    throw new ImageError('INVALID_DATA', `${access.name}: "${path}" is a ${entry.type} and has no content`)
  }
  const end = Math.min(options.end ?? entry.size, entry.size)
  for (const run of runs(entry, Math.min(options.offset ?? 0, end), end)) {
    if (run.at === undefined) yield* zeros(run.bytes)
    else yield* readAccess(access, { offset: run.at, end: run.at + run.bytes, signal: options.signal })
  }
}
