/** Signatures that a copy wrote. */
export interface SignatureCounts {
  /** Those that the source had. */
  readonly carried: number
  /** Those that were made for what was written. */
  readonly made: number
}

/** What a copy did, in blobs, bytes and signatures. */
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
  readonly signatures: SignatureCounts
}

export interface Tally {
  moved(size: number, bytes: number): void
  reused(size: number): void
  mounted(size: number): void
  signed(counts: SignatureCounts): void
  counts(): CopyCounts
}

export function createTally(): Tally {
  const blobs = { moved: 0, reused: 0, mounted: 0 }
  const bytes = { moved: 0, resumed: 0, reused: 0, mounted: 0 }
  const signatures = { carried: 0, made: 0 }
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
    signed: ({ carried, made }) => {
      signatures.carried += carried
      signatures.made += made
    },
    counts: () => ({ ...blobs, bytes: { ...bytes }, signatures: { ...signatures } }),
  }
}
