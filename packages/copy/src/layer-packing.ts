import { ImageError } from '@crossdock/core'
import type { CompressionFormat } from '@crossdock/streams'

/** How layers are to be packed at the destination. */
export interface LayerPacking {
  /** `none`: layers are unpacked. */
  readonly format: CompressionFormat | 'none'
  /** gzip 0 to 9, default 6; zstd 1 to 19, default 3. */
  readonly level?: number | undefined
  /** Whether layers that are packed in another way are packed anew. Default: only plain layers are packed. */
  readonly force?: boolean | undefined
}

/** Throws `UNSUPPORTED` for what contradicts itself. */
export function checkPacking(wanted: LayerPacking | undefined): LayerPacking | undefined {
  if (wanted?.format === 'none' && wanted.level !== undefined) {
    throw new ImageError('UNSUPPORTED', 'layers that are unpacked have no compression level')
  }
  return wanted
}
