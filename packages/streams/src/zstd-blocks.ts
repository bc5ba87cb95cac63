import { packBlocks } from './pack-blocks.ts'
import { zstdFrame } from './node-zlib.ts'

/** Twice what the usual level looks back to: what is lost at its beginning is two per cent. */
const BLOCK_BYTES = 4 * 1024 * 1024

/**
 * Packs a body to zstd frames (RFC 8878) of 4 MiB each, with content size and checksum. Programs read frames that follow one another as
 * one content (section 3.1). What comes out depends on content and level alone.
 */
export function zstdBlocks(body: AsyncIterable<Uint8Array>, level: number): AsyncGenerator<Uint8Array> {
  return packBlocks(body, {
    blockBytes: BLOCK_BYTES,
    packing:
      ({ bytes }) =>
      () =>
        zstdFrame(bytes, level),
  })
}
