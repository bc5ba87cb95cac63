import type { FileHandle } from 'node:fs/promises'
import { naming } from '../errors.ts'
import { writeFully } from './files.ts'

/** Writes a file from a position on, in large pieces and while the caller gets the next bytes ready. */
export interface FileWriter {
  /** Takes the chunk; waits only for the write before. A failed write is thrown by a later call. */
  write(chunk: Uint8Array): Promise<void>
  /** Writes what is still held back, and waits for everything. Returns where the file ends. */
  finish(): Promise<number>
}

export interface FileWriterOptions {
  readonly handle: FileHandle
  /** For messages. */
  readonly path: string
  /** Where the first byte goes. */
  readonly position: number
  /** Whether the file is flushed to the disk in the background while it grows, so that little is left to do at its end. */
  readonly durable: boolean
}

/** Every write is a turn through the thread pool: smaller chunks are gathered, larger ones written as they are. */
const GATHER_BELOW_BYTES = 256 * 1024
const GATHER_BYTES = 1024 * 1024
const FLUSH_EVERY_BYTES = 16 * 1024 * 1024

export function createFileWriter({ handle, path, position: begin, durable }: FileWriterOptions): FileWriter {
  let position = begin
  let unflushed = 0
  let writing: Promise<void> | undefined
  let flushing: Promise<void> | undefined
  // Two rooms take turns: one is filled while the other is written.
  let room: Uint8Array | undefined
  let spare: Uint8Array | undefined
  let filled = 0

  async function start(bytes: Uint8Array): Promise<void> {
    await writing
    const at = position
    position += bytes.byteLength
    writing = naming('write', path, () => writeFully(handle, bytes, at))
    writing.catch(() => undefined) // thrown where it is awaited, above or in finish
    unflushed += bytes.byteLength
    if (!durable || unflushed < FLUSH_EVERY_BYTES) return
    await flushing
    unflushed = 0
    flushing = naming('flush', path, () => handle.datasync())
    flushing.catch(() => undefined) // likewise
  }

  async function startGathered(): Promise<void> {
    if (room === undefined || filled === 0) return
    const full = room
    const bytes = full.subarray(0, filled)
    filled = 0
    room = undefined
    await start(bytes)
    room = spare // its write is over: start has waited for it
    spare = full
  }

  return {
    async write(chunk) {
      if (chunk.byteLength >= GATHER_BELOW_BYTES) {
        await startGathered()
        await start(chunk)
        return
      }
      for (let rest = chunk; rest.byteLength > 0;) {
        room ??= Buffer.allocUnsafeSlow(GATHER_BYTES)
        const part = rest.subarray(0, room.byteLength - filled)
        room.set(part, filled)
        filled += part.byteLength
        rest = rest.subarray(part.byteLength)
        if (filled === room.byteLength) await startGathered()
      }
    },
    async finish() {
      try {
        await startGathered()
        await Promise.all([writing, flushing])
        return position
      } finally {
        // Whatever failed: nothing touches the file any more, so that it can be closed.
        await Promise.allSettled([writing, flushing])
      }
    },
  }
}
