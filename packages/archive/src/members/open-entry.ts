import { ImageError, quoteForeign } from '@crossdock/core'
import { CHUNK_BYTES, raceSignal, takeChunk } from '@crossdock/streams'
import type { RandomAccess } from '../access/random-access.ts'
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
    else yield* readRun(access, { at: run.at, bytes: run.bytes }, options.signal)
  }
}

async function* readRun(
  access: RandomAccess,
  { at: begin, bytes }: { readonly at: number; readonly bytes: number },
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const end = begin + bytes
  let next = readChunk(access, begin, end)
  for (let position = begin; position < end;) {
    signal?.throwIfAborted()
    const chunk = await raceSignal(next, signal)
    position += chunk.byteLength
    if (position < end) {
      next = readChunk(access, position, end)
      next.catch(ignore) // awaited in the next round, unless the consumer leaves
    }
    yield chunk
  }
}

async function readChunk(access: RandomAccess, position: number, end: number): Promise<Uint8Array> {
  const wanted = end - position
  const room = wanted < CHUNK_BYTES / 2 ? new Uint8Array(wanted) : takeChunk().subarray(0, wanted)
  const length = await access.read(room, position)
  if (length < room.byteLength) throw new ImageError('CONFLICT', `${access.name} was cut off while it was read`)
  return room
}

function ignore(): void {}
