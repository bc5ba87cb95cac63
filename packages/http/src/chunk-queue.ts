import { recycle } from '@crossdock/streams'

/** Smaller chunks that wait are handed over as one up to this size. */
const JOINED_BYTES = 256 * 1024

/** Chunks that wait for their reader. Small ones are joined: each costs the reader a hash call and a write, and a copy costs less. */
export interface ChunkQueue {
  readonly bytes: number
  push(chunk: Uint8Array): void
  take(): Uint8Array | undefined
  clear(): void
}

export function createChunkQueue(): ChunkQueue {
  let chunks: Uint8Array[] = []
  let bytes = 0
  return {
    get bytes() {
      return bytes
    },
    push(chunk) {
      chunks.push(chunk)
      bytes += chunk.byteLength
    },
    take() {
      let count = 0
      let taken = 0
      for (const { byteLength } of chunks) {
        if (count > 0 && taken + byteLength > JOINED_BYTES) break
        count += 1
        taken += byteLength
      }
      bytes -= taken
      const next = chunks.splice(0, count)
      if (next.length < 2) return next[0]
      const joined = Buffer.concat(next, taken)
      next.forEach(recycle)
      return joined
    },
    clear() {
      chunks.forEach(recycle)
      chunks = []
      bytes = 0
    },
  }
}
