/** What a copy did, in blobs and bytes. */
export interface CopyCounts {
  readonly moved: number
  readonly reused: number
  readonly mounted: number
  readonly bytes: {
    /** Blob bytes that moved in this run. */
    readonly moved: number
    /** Bytes of moved blobs that an earlier run had brought already. */
    readonly resumed: number
    readonly reused: number
    readonly mounted: number
  }
}

export interface Tally {
  moved(size: number, bytes: number): void
  reused(size: number): void
  mounted(size: number): void
  counts(): CopyCounts
}

export function createTally(): Tally {
  const blobs = { moved: 0, reused: 0, mounted: 0 }
  const bytes = { moved: 0, resumed: 0, reused: 0, mounted: 0 }
  return {
    moved: (size, moved) => {
      blobs.moved += 1
      bytes.moved += moved
      bytes.resumed += Math.max(0, size - moved)
    },
    reused: (size) => {
      blobs.reused += 1
      bytes.reused += size
    },
    mounted: (size) => {
      blobs.mounted += 1
      bytes.mounted += size
    },
    counts: () => ({ ...blobs, bytes: { ...bytes } }),
  }
}
