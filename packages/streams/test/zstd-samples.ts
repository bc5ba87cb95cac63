import { constants, zstdCompressSync } from 'node:zlib'

export const MAGIC = [0x28, 0xb5, 0x2f, 0xfd] as const

export function zstd(data: Uint8Array, params: Record<number, number> = {}): Buffer {
  return zstdCompressSync(data, { params })
}

export function zstdWithChecksum(data: Uint8Array): Buffer {
  return zstd(data, { [constants.ZSTD_c_checksumFlag]: 1 })
}

export function skippable(payload: Uint8Array, nibble = 0): Buffer {
  const head = Buffer.from([0x50 | nibble, 0x2a, 0x4d, 0x18, 0, 0, 0, 0])
  head.writeUInt32LE(payload.byteLength, 4)
  return Buffer.concat([head, payload])
}

/** A frame without content size whose blocks repeat one byte: four bytes for 128 KiB. */
export function repeating(blocks: number, windowByte = 0x38): Buffer {
  const body = Array.from({ length: blocks }, (_, index) => repeatBlock(index === blocks - 1)).flat()
  return Buffer.from([...MAGIC, 0, windowByte, ...body])
}

function repeatBlock(last: boolean): number[] {
  const header = (last ? 1 : 0) | (1 << 1) | ((128 * 1024) << 3)
  return [header & 0xff, (header >> 8) & 0xff, (header >> 16) & 0xff, 0]
}
