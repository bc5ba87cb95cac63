import { createHasher, digestEncoded } from '@crossdock/core'
import { createCrc64 } from './crc.ts'
import { crc32 } from './node-zlib.ts'

/** The integrity check of one xz block, over its unpacked bytes. */
export interface XzCheck {
  update(bytes: Uint8Array): void
  /** Ends the check: the bytes that the block must store. */
  end(): Uint8Array
}

/** A kind of check that can be verified. */
export interface XzCheckType {
  /** How many bytes a block stores. */
  readonly bytes: number
  readonly start: () => XzCheck
}

/** By the identifier in the stream flags (xz file format 1.2.1, section 2.1.1.2); those left out were never assigned. */
const TYPES: ReadonlyMap<number, XzCheckType> = new Map([
  [0x0, { bytes: 0, start: startNone }],
  [0x1, { bytes: 4, start: startCrc32 }],
  [0x4, { bytes: 8, start: startCrc64 }],
  [0xa, { bytes: 32, start: startSha256 }],
])

/** Undefined for a check that nobody can verify. */
export function xzCheckType(id: number): XzCheckType | undefined {
  return TYPES.get(id)
}

function startNone(): XzCheck {
  return { update: () => {}, end: () => new Uint8Array(0) }
}

function startCrc32(): XzCheck {
  let crc = 0
  return {
    update: (bytes) => void (crc = crc32(bytes, crc)),
    end: () => littleEndian(crc),
  }
}

function startCrc64(): XzCheck {
  const crc = createCrc64()
  return {
    update: (bytes) => crc.update(bytes),
    end: () => littleEndian(crc.value.low, crc.value.high),
  }
}

function startSha256(): XzCheck {
  const hasher = createHasher('sha256')
  return {
    update: (bytes) => hasher.update(bytes),
    end: () => Uint8Array.from(digestEncoded(hasher.digest()).match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)),
  }
}

function littleEndian(...words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * words.length)
  const view = new DataView(bytes.buffer)
  for (const [index, word] of words.entries()) view.setUint32(4 * index, word, true)
  return bytes
}
