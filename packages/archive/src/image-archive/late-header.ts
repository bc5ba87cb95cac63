import { ImageError } from '@crossdock/core'
import { encodeTarHeader } from '../write/encode-header.ts'
import type { TarHeaderInput } from '../write/tar-input.ts'

const BLOCK_BYTES = 512
const SIZE_BEGIN = 124
const SIZE_END = 136
const CHECKSUM_BEGIN = 148
const CHECKSUM_END = 156
const BLANK = 0x20

/**
 * The header of a member whose content is there already, with just so many bytes left for it in front. A size that would need a longer
 * header, from 8 GiB on, is written as a binary number instead (GNU tar manual, "Extensions to the Archive Format"), which
 * every reader of large archives knows.
 */
export function lateHeader(input: TarHeaderInput, bytes: number): Uint8Array {
  const header = encodeTarHeader(input)
  if (header.byteLength === bytes) return header
  const short = encodeTarHeader({ ...input, size: 0 })
  if (short.byteLength !== bytes) {
    throw new ImageError('INVALID_DATA', `there are ${bytes} bytes for a header of ${short.byteLength} in the archive`)
  }
  putBinarySize(short.subarray(bytes - BLOCK_BYTES), input.size ?? 0)
  return short
}

function putBinarySize(block: Uint8Array, size: number): void {
  let rest = size
  for (let at = SIZE_END - 1; at > SIZE_BEGIN; at -= 1) {
    block[at] = rest % 256
    rest = Math.floor(rest / 256)
  }
  block[SIZE_BEGIN] = 0x80
  block.fill(BLANK, CHECKSUM_BEGIN, CHECKSUM_END)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.set(Buffer.from(`${sum.toString(8).padStart(6, '0')}\0 `, 'latin1'), CHECKSUM_BEGIN)
}
