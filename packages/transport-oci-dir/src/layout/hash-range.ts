import type { FileHandle } from 'node:fs/promises'
import type { Hasher } from '@crossdock/core'
import { recycle, takeChunk } from '@crossdock/streams'
import { readFully } from './files.ts'

export interface HashRangeOptions {
  readonly hasher: Hasher
  /** Default: the file's beginning. */
  readonly from?: number | undefined
  /** Less is hashed if the file ends before. */
  readonly to: number
  readonly signal?: AbortSignal | undefined
}

/** Feeds bytes of a file to the hasher and returns where they end. */
export async function hashRange(handle: FileHandle, options: HashRangeOptions): Promise<number> {
  const { hasher, from = 0, to, signal } = options
  const room = takeChunk()
  try {
    let position = from
    while (position < to) {
      signal?.throwIfAborted()
      const length = await readFully(handle, room.subarray(0, to - position), position)
      if (length === 0) break
      hasher.update(room.subarray(0, length))
      position += length
    }
    return position
  } finally {
    recycle(room)
  }
}
