import type { FileHandle } from 'node:fs/promises'
import type { Hasher } from '@crossdock/core'
import { readFully } from './files.ts'

const CHUNK_BYTES = 1024 * 1024

export interface HashPrefixOptions {
  readonly hasher: Hasher
  /** How many bytes from the file's beginning; fewer are hashed if it ends before. */
  readonly size: number
  readonly signal?: AbortSignal | undefined
}

/** Feeds the head of a file to the hasher and returns how many bytes that were. */
export async function hashPrefix(handle: FileHandle, { hasher, size, signal }: HashPrefixOptions): Promise<number> {
  const room = Buffer.allocUnsafeSlow(Math.min(size, CHUNK_BYTES))
  let position = 0
  while (position < size) {
    signal?.throwIfAborted()
    const length = await readFully(handle, room.subarray(0, Math.min(room.byteLength, size - position)), position)
    if (length === 0) break
    hasher.update(room.subarray(0, length))
    position += length
  }
  return position
}
