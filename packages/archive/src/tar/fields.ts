import { decodeText } from './text.ts'

/** Everything in a tar is a multiple of this, in bytes. */
export const BLOCK_BYTES = 512

/** The position of the block behind `bytes` bytes. */
export function toBlocks(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES
}

/** A text field: it ends at the first NUL, or where the field does. */
export function textField(block: Uint8Array, begin: number, end: number): string {
  if (block[begin] === 0) return ''
  const nul = block.indexOf(0, begin)
  return decodeText(block.subarray(begin, nul < 0 || nul > end ? end : nul))
}

/**
 * A numeric field; NaN for what GNU tar, Python and Go do not all read as the same number. Blank spaces, then octal digits up
 * to a NUL, or blank spaces to the end; an empty field is 0; GNU's base-256 form (a first byte 0x80 or 0xff, then two's
 * complement) holds negative and large numbers.
 */
export function numberField(block: Uint8Array, begin: number, end: number): number {
  const first = block[begin] ?? 0
  if (first === 0x80 || first === 0xff) return base256(block, begin, end)
  // GNU tar passes over a NUL in front of digits.
  if (first === 0) return isZero(block, begin, end) ? 0 : Number.NaN
  let at = begin
  while (at < end && block[at] === SPACE) at += 1
  let value = 0
  for (let digit = digitAt(block, at); at < end && digit >= 0; digit = digitAt(block, at)) {
    value = value * 8 + digit
    at += 1
  }
  while (at < end && block[at] === SPACE) at += 1
  return at === end || block[at] === 0 ? value : Number.NaN
}

/** An octal digit; -1 for anything else. */
function digitAt(block: Uint8Array, at: number): number {
  const digit = (block[at] ?? 0) - ZERO
  return digit >= 0 && digit <= 7 ? digit : -1
}

function base256(block: Uint8Array, begin: number, end: number): number {
  const negative = block[begin] === 0xff
  let value = negative ? -1 : 0
  for (let at = begin + 1; at < end; at += 1) {
    value = value * 256 + (block[at] ?? 0)
    if (!Number.isSafeInteger(value)) return Number.NaN
  }
  return value
}

/** True if the stored sum is that of the block, its own field taken as blanks; old programs summed signed bytes. */
export function checksumHolds(block: Uint8Array): boolean {
  const stored = numberField(block, CHECKSUM_BEGIN, CHECKSUM_END)
  const unsigned = checksum(block)
  if (stored === unsigned) return true
  let high = 0
  for (let at = 0; at < BLOCK_BYTES; at += 1) {
    const isOwn = at >= CHECKSUM_BEGIN && at < CHECKSUM_END
    if (!isOwn && (block[at] ?? 0) > 0x7f) high += 1
  }
  return stored === unsigned - high * 256
}

/** The sum of a header's bytes, with blanks where the sum stands. */
export function checksum(block: Uint8Array): number {
  let sum = 0
  for (let at = 0; at < CHECKSUM_BEGIN; at += 1) sum += block[at] ?? 0
  for (let at = CHECKSUM_END; at < BLOCK_BYTES; at += 1) sum += block[at] ?? 0
  return sum + SPACE * (CHECKSUM_END - CHECKSUM_BEGIN)
}

export function isZero(block: Uint8Array, begin = 0, end: number = block.byteLength): boolean {
  for (let at = begin; at < end; at += 1) if (block[at] !== 0) return false
  return true
}

export const CHECKSUM_BEGIN = 148
const CHECKSUM_END = 156
const SPACE = 0x20
const ZERO = 0x30
