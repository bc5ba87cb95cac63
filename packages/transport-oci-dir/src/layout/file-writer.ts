import { writeSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { CHUNK_BYTES, recycle } from '@crossdock/streams'
import { fileError, naming } from '../errors.ts'
import { writeFully } from './files.ts'

/**
 * Writes a file from a position on. Whatever comes is written at once, in the same call: the system only copies it, which takes no
 * longer than hashing it, and a change of threads costs more. Once that turned out slow the thread pool writes, so that nothing else
 * waits for the disk; what comes during a write is written together after it.
 */
export interface FileWriter {
  /** Takes the chunk and recycles it when it is written. A failed write is thrown by this call or a later one. */
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
  /** Told after each write how many bytes it was and where it ended. What it throws is thrown by the same call to the writer or a later one. */
  readonly onWritten?: ((bytes: number, end: number) => void) | undefined
}

/** Writing one chunk into memory takes less than a millisecond. */
const SLOW_MS = 20

export function createFileWriter({ handle, path, position: begin, onWritten }: FileWriterOptions): FileWriter {
  let position = begin
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  let writing: Promise<void> | undefined
  let failure: { readonly reason: unknown } | undefined
  let isQuick = true

  function writeNow(chunk: Uint8Array): void {
    const began = performance.now()
    try {
      for (let done = 0; done < chunk.byteLength;) {
        done += writeSync(handle.fd, chunk, done, chunk.byteLength - done, position + done)
      }
      position += chunk.byteLength
      onWritten?.(chunk.byteLength, position)
    } catch (reason) {
      failure = { reason: fileError(reason, 'write', path) }
      throw failure.reason
    }
    recycle(chunk)
    isQuick = performance.now() - began < SLOW_MS
  }

  function start(): void {
    const chunks = waiting
    const bytes = waitingBytes
    waiting = []
    waitingBytes = 0
    writing = write(chunks, bytes)
  }

  async function write(chunks: readonly Uint8Array[], bytes: number): Promise<void> {
    const at = position
    position += bytes
    try {
      await naming('write', path, () => writeFully(handle, chunks, at))
      onWritten?.(bytes, at + bytes)
      chunks.forEach(recycle)
    } catch (reason) {
      failure ??= { reason }
    }
    writing = undefined
    if (failure === undefined && waitingBytes > 0) start()
  }

  function isBusy(): boolean {
    return writing !== undefined
  }

  function hasNoRoom({ byteLength }: Uint8Array): boolean {
    return waitingBytes > 0 && waitingBytes + byteLength > CHUNK_BYTES
  }

  /** The write that is under way, if one is. */
  function running(): Promise<void> {
    return writing ?? Promise.resolve()
  }

  function check(): void {
    if (failure !== undefined) throw failure.reason
  }

  return {
    async write(chunk) {
      check()
      while (hasNoRoom(chunk)) {
        await running()
        check()
      }
      if (isQuick) {
        writeNow(chunk)
        return
      }
      waiting.push(chunk)
      waitingBytes += chunk.byteLength
      if (writing === undefined) start()
    },
    async finish() {
      // Whatever failed: nothing touches the file any more, so that it can be closed.
      while (isBusy()) await running()
      check()
      return position
    },
  }
}
