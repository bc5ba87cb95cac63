import type { FileHandle } from 'node:fs/promises'

/** Flushes a file to the disk in the background while it grows, so that little is left to do at its end. */
export interface Flusher {
  /** Notes bytes that were handed to the file; waits only if flushing is a whole step behind. */
  wrote(bytes: number): Promise<void>
  settled(): Promise<unknown>
}

/** So much is written before the next flush begins. */
const STEP_BYTES = 16 * 1024 * 1024

export function createFlusher(handle: FileHandle, enabled: boolean): Flusher {
  let unflushed = 0
  let flushing: Promise<void> | undefined
  return {
    async wrote(bytes) {
      unflushed += bytes
      if (!enabled || unflushed < STEP_BYTES) return
      await flushing
      unflushed = 0
      flushing = handle.datasync()
      flushing.catch(() => undefined) // awaited at the next step; after the last one the file's final sync fails too
    },
    settled: () => Promise.allSettled([flushing]),
  }
}
