import { readSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import type { Hasher } from '@crossdock/core'
import { recycle, takeChunk } from '@crossdock/streams'
import { readFully, SLOW_MS } from './files.ts'

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
  const read = createReader(handle)
  try {
    let position = from
    while (position < to) {
      signal?.throwIfAborted()
      const length = await read(room.subarray(0, to - position), position)
      if (length === 0) break
      hasher.update(room.subarray(0, length))
      position += length
    }
    return position
  } finally {
    recycle(room)
  }
}

type Reader = (room: Uint8Array, position: number) => Promise<number>

/** Reads in a turn of the event loop of its own; in the thread pool once that took long. Most often the bytes have just been written. */
function createReader(handle: FileHandle): Reader {
  let isQuick = true
  return async (room, position) => {
    if (!isQuick) return await readFully(handle, room, position)
    await new Promise<void>((resolve) => void setImmediate(resolve))
    const began = performance.now()
    const length = readSync(handle.fd, room, 0, room.byteLength, position)
    isQuick = performance.now() - began < SLOW_MS
    return length
  }
}
