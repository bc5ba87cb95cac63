/** How bytes are compressed, judged by how they begin. */
export type Compression = 'gzip' | 'zstd' | 'bzip2' | 'xz' | 'none'

/** The most bytes that {@link detectCompression} looks at. */
export const COMPRESSION_HEAD_BYTES = 6

const MAGIC: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]], // RFC 1952, section 2.3.1
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]], // RFC 8878, section 3.1.1
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
]

/** Judges by the first bytes; a file that begins with a skippable zstd frame (RFC 8878, section 3.1.2) is zstd. */
export function detectCompression(head: Uint8Array): Compression {
  const found = MAGIC.find(([, magic]) => magic.every((byte, index) => head[index] === byte))
  if (found !== undefined) return found[0]
  const [first = 0, ...rest] = head.subarray(0, 4)
  const skippable = first >> 4 === 0x5 && rest[0] === 0x2a && rest[1] === 0x4d && rest[2] === 0x18
  return skippable ? 'zstd' : 'none'
}
