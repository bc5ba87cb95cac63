import { CHUNK_BYTES, recycle } from '@crossdock/streams'
import { naming } from './file-errors.ts'
import type { FileWriter, FileWriterOptions } from './file-writer.ts'
import { writeFully } from './files.ts'

/**
 * Writes in the thread pool, so that nothing else waits for a slow disk: each chunk at once, or as soon as the write before is over.
 * What comes meanwhile waits and is written together.
 */
export function createPooledWriter({ handle, path, position: begin, onWritten }: FileWriterOptions): FileWriter {
  let position = begin
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  let writing: Promise<void> | undefined
  let failure: { readonly reason: unknown } | undefined

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
