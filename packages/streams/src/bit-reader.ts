import type { ByteReader } from './byte-reader.ts'

/** Bits of a body, highest bit of each byte first. Reading does not wait: bytes are made ready before. */
export interface BitReader {
  readonly reader: ByteReader
  bytes: Uint8Array
  /** The next byte to take in. */
  at: number
  /** Bits that were taken in, the next one on top. */
  window: number
  /** How many bits of `window` count; negative once more were read than there were. */
  count: number
}

export function createBitReader(reader: ByteReader): BitReader {
  return { reader, bytes: new Uint8Array(0), at: 0, window: 0, count: 0 }
}

/** Makes `count` bytes ready, or as many as there are; says whether there were as many. */
export async function fillBits(bits: BitReader, count: number): Promise<boolean> {
  if (bits.bytes.byteLength - bits.at >= count) return true
  bits.reader.take(bits.at)
  bits.at = 0
  const full = await bits.reader.fill(count)
  bits.bytes = bits.reader.buffered
  return full
}

/** Whether more bits were read than there were. */
export function isOverrun(bits: BitReader): boolean {
  return bits.count < 0
}

/** Reads 1 to 24 bits; zeros behind the end. */
export function readBits(bits: BitReader, count: number): number {
  refill(bits)
  const value = bits.window >>> (32 - count)
  dropBits(bits, count)
  return value
}

/** The next eight bits, which stay. */
export function peekByte(bits: BitReader): number {
  refill(bits)
  return bits.window >>> 24
}

/** Takes in bytes until 25 bits or more are in the window, or all that are ready. */
export function refill(bits: BitReader): void {
  while (bits.count <= 24 && bits.at < bits.bytes.length) {
    bits.window |= (bits.bytes[bits.at] ?? 0) << (24 - bits.count)
    bits.at += 1
    bits.count += 8
  }
}

export function dropBits(bits: BitReader, count: number): void {
  bits.window <<= count
  bits.count -= count
}

/** Drops what is left of a byte that was begun. */
export function alignBits(bits: BitReader): void {
  dropBits(bits, bits.count & 7)
}
