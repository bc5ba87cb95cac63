import type { FileHandle } from 'node:fs/promises'
import { recycle } from '@crossdock/streams'
import { fileError } from './file-errors.ts'
import { writeInCall } from './files.ts'
import { createPooledWriter } from './pooled-writer.ts'

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
  /** Whether the thread pool writes from the beginning on. Default: once writing turned out slow. */
  readonly isPooled?: boolean | undefined
  /** Told after each write how many bytes it was and where it ended. What it throws is thrown by the same call to the writer or a later one. */
  readonly onWritten?: ((bytes: number, end: number) => void) | undefined
}

export function createFileWriter(options: FileWriterOptions): FileWriter {
  const { handle, path, onWritten } = options
  let { position } = options
  let pooled: FileWriter | undefined = options.isPooled === true ? createPooledWriter(options) : undefined
  let failure: { readonly reason: unknown } | undefined

  function writeNow(chunk: Uint8Array): void {
    const isQuick = writeInCall(handle, chunk, position)
    position += chunk.byteLength
    onWritten?.(chunk.byteLength, position)
    recycle(chunk)
    if (!isQuick) pooled = createPooledWriter({ ...options, position })
  }

  function check(): void {
    if (failure !== undefined) throw failure.reason
  }

  return {
    async write(chunk) {
      check()
      if (pooled !== undefined) return await pooled.write(chunk)
      try {
        writeNow(chunk)
      } catch (reason) {
        failure = { reason: fileError(reason, 'write', path) }
        check()
      }
    },
    async finish() {
      check()
      return pooled === undefined ? position : await pooled.finish()
    },
  }
}
