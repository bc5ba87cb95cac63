import type { FileHandle } from 'node:fs/promises'
import { naming } from './file-errors.ts'

/** Flushes a file to the disk in the background while it grows, so that little is left to do at its end. */
export interface Flusher {
  /** So many more bytes are in the file. Throws what an earlier flush failed with. */
  wrote(bytes: number): void
  /** Waits for a flush that is under way; whatever it fails with is thrown. */
  settle(): Promise<void>
}

const FLUSH_EVERY_BYTES = 16 * 1024 * 1024

export function createFlusher({ handle, path }: { readonly handle: FileHandle; readonly path: string }): Flusher {
  let unflushed = 0
  let flushing: Promise<void> | undefined
  let failure: { readonly reason: unknown } | undefined

  async function flush(): Promise<void> {
    try {
      await naming('flush', path, () => handle.datasync())
    } catch (reason) {
      failure ??= { reason }
    }
    flushing = undefined
  }

  function check(): void {
    if (failure !== undefined) throw failure.reason
  }

  return {
    wrote(bytes) {
      check()
      unflushed += bytes
      if (unflushed < FLUSH_EVERY_BYTES || flushing !== undefined) return
      unflushed = 0
      flushing = flush()
    },
    async settle() {
      await flushing
      check()
    },
  }
}
