/** How much goes into the next chunk of one upload. */
export interface ChunkSizer {
  next(): number
  /** Told how long a chunk took. */
  took(bytes: number, ms: number): void
  /** After a chunk was too large for the registry. False if it cannot be made smaller. */
  shrink(): boolean
}

const MIB = 1024 * 1024
/** The least that storage services behind some registries take. */
const FIRST_BYTES = 5 * MIB
const MOST_BYTES = 256 * MIB
const LEAST_BYTES = MIB
/** What a chunk should last: a kill loses no more than that, and a round trip each is a few percent. */
const TARGET_MS = 1000
const GROWTH = 4

export interface ChunkSizerOptions {
  /** Undefined: adapts. */
  readonly chunkBytes: number | undefined
  readonly minChunkBytes: number
}

export function createChunkSizer({ chunkBytes, minChunkBytes }: ChunkSizerOptions): ChunkSizer {
  let size = Math.max(chunkBytes ?? FIRST_BYTES, minChunkBytes)
  let most = Math.max(chunkBytes ?? MOST_BYTES, minChunkBytes)
  return {
    next: () => size,
    took: (bytes, ms) => {
      if (bytes < size) return
      const wanted = (bytes / Math.max(ms, 1)) * TARGET_MS
      const least = Math.min(most, Math.max(FIRST_BYTES, minChunkBytes))
      size = Math.round(Math.min(most, size * GROWTH, Math.max(least, wanted)))
    },
    shrink: () => {
      const smaller = Math.ceil(size / 2)
      if (smaller < Math.max(LEAST_BYTES, minChunkBytes)) return false
      size = smaller
      most = smaller
      return true
    },
  }
}
