import type { FileHandle } from 'node:fs/promises'
import { CHUNK_BYTES, recycle, takeChunk } from '@crossdock/streams'
import { naming } from '../errors.ts'
import { writeFully } from './files.ts'

/**
 * Writes a file from a position on. Whatever comes is written at once, or as soon as the write before is over: what comes
 * meanwhile is gathered, so that a slow source loses little to a kill and a fast one makes few large writes.
 */
export interface FileWriter {
  /** Takes the chunk and recycles it when it is written. A failed write is thrown by a later call. */
  write(chunk: Uint8Array): Promise<void>
  /** Waits for everything. Returns where the file ends. */
  finish(): Promise<number>
}

export interface FileWriterOptions {
  readonly handle: FileHandle
  /** For messages. */
  readonly path: string
  /** Where the first byte goes. */
  readonly position: number
  /** Told after each write how many bytes it was and where it ended. What it throws is thrown by a later call. */
  readonly onWritten?: ((bytes: number, end: number) => void) | undefined
}

export function createFileWriter({ handle, path, position: begin, onWritten }: FileWriterOptions): FileWriter {
  let position = begin
  let writing: Promise<void> | undefined
  let failure: { readonly reason: unknown } | undefined
  let gathered: Uint8Array | undefined
  let filled = 0

  async function writeNext(chunk: Uint8Array): Promise<void> {
    const at = position
    position += chunk.byteLength
    try {
      await naming('write', path, () => writeFully(handle, chunk, at))
      onWritten?.(chunk.byteLength, at + chunk.byteLength)
      recycle(chunk)
    } catch (reason) {
      failure ??= { reason }
    }
    writing = undefined
    if (failure === undefined) startGathered()
  }

  function startGathered(): void {
    if (gathered === undefined) return
    const chunk = gathered.subarray(0, filled)
    gathered = undefined
    filled = 0
    writing = writeNext(chunk)
  }

  function check(): void {
    if (failure !== undefined) throw failure.reason
  }

  return {
    async write(chunk) {
      check()
      if (writing !== undefined && filled + chunk.byteLength <= CHUNK_BYTES && chunk.byteLength <= CHUNK_BYTES / 2) {
        gathered ??= takeChunk()
        gathered.set(chunk, filled)
        filled += chunk.byteLength
        recycle(chunk)
        return
      }
      while (writing !== undefined) await writing
      check()
      writing = writeNext(chunk)
    },
    async finish() {
      // Whatever failed: nothing touches the file any more, so that it can be closed.
      while (writing !== undefined) await writing
      check()
      return position
    },
  }
}
