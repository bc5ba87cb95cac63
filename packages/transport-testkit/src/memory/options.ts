import type { DestinationTraits, SourceTraits } from '@crossdock/core'

export interface MemoryTransportOptions {
  /** What its sources say of themselves. Default: range reads, 6 blobs at once. */
  readonly sourceTraits?: SourceTraits | undefined
  /** What its destinations say of themselves. Default: every manifest, layers as they are, both signature formats. */
  readonly destinationTraits?: DestinationTraits | undefined
  /** The largest chunk that a source yields, in bytes. Default: 1024, so that small blobs come in pieces too. */
  readonly chunkBytes?: number | undefined
}

export interface ResolvedOptions {
  readonly sourceTraits: SourceTraits
  readonly destinationTraits: DestinationTraits
  readonly chunkBytes: number
}

export function resolveOptions(options: MemoryTransportOptions): ResolvedOptions {
  return Object.freeze({
    sourceTraits: Object.freeze({ rangeReads: true, ...options.sourceTraits }),
    destinationTraits: Object.freeze({ signatures: ['simple', 'sigstore'] as const, ...options.destinationTraits }),
    chunkBytes: options.chunkBytes ?? 1024,
  })
}
