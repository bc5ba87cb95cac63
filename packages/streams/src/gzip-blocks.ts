import { crc32, deflateBlock } from './node-zlib.ts'
import { packBlocks } from './pack-blocks.ts'

/** Large enough that what a block lacks (it begins with new codes) is little, small enough to keep memory low. */
const BLOCK_BYTES = 1024 * 1024
const DICTIONARY_BYTES = 32 * 1024

/**
 * Packs a body to one gzip member (RFC 1952) out of blocks of 1 MiB: each is a part of one deflate stream that ends at a byte
 * boundary and may refer to the 32 KiB before it. What comes out depends on content and level alone.
 */
export async function* gzipBlocks(body: AsyncIterable<Uint8Array>, level: number): AsyncGenerator<Uint8Array> {
  let checksum = 0
  let size = 0
  let before: Uint8Array | undefined
  yield header(level)
  yield* packBlocks(body, {
    blockBytes: BLOCK_BYTES,
    packing: ({ bytes, last }) => {
      checksum = crc32(bytes, checksum)
      size += bytes.byteLength
      const options = { level, dictionary: before, last }
      before = bytes.slice(-DICTIONARY_BYTES)
      return () => deflateBlock(bytes, options)
    },
  })
  yield trailer(checksum, size)
}

/** Section 2.3: without name, time and operating system. */
function header(level: number): Uint8Array {
  const slowest = 2
  const fastest = 4
  const effort = level === 9 ? slowest : level < 2 ? fastest : 0
  return Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, effort, 255)
}

function trailer(checksum: number, size: number): Uint8Array {
  const bytes = new Uint8Array(8)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, checksum, true)
  view.setUint32(4, size % 2 ** 32, true)
  return bytes
}
