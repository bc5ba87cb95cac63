import { ImageError } from '@crossdock/core'
import { crc32 } from './node-zlib.ts'

/** The largest dictionary that xz data may ask for, in bytes: 64 MiB, what `xz -9` uses. It is memory while unpacking. */
const MAX_XZ_DICTIONARY_BYTES: number = 64 * 1024 * 1024

export interface XzBlockHeader {
  readonly dictionaryBytes: number
  /** What the block says it has; undefined if it does not say. */
  readonly packedBytes: number | undefined
  readonly unpackedBytes: number | undefined
}

/** A place in bytes that are read one field after the other. */
export interface Cursor {
  readonly bytes: Uint8Array
  position: number
}

const LZMA2 = 0x21
const FILTER_NAMES: ReadonlyMap<number, string> = new Map([
  [0x03, 'delta'],
  [0x04, 'BCJ for x86'],
  [0x05, 'BCJ for PowerPC'],
  [0x06, 'BCJ for IA-64'],
  [0x07, 'BCJ for ARM'],
  [0x08, 'BCJ for ARM Thumb'],
  [0x09, 'BCJ for SPARC'],
  [0x0a, 'BCJ for ARM64'],
  [0x0b, 'BCJ for RISC-V'],
])

/**
 * Reads the header of a block (xz file format 1.2.1, section 3.1). Throws `INVALID_DATA`, `UNSUPPORTED` for filters other
 * than LZMA2, which are made for programs and not for archives, and `LIMIT_EXCEEDED` for a dictionary above
 * {@link MAX_XZ_DICTIONARY_BYTES}.
 */
export function readBlockHeader(bytes: Uint8Array): XzBlockHeader {
  const content = bytes.subarray(0, -4)
  if (crc32(content) !== readUint32(bytes, content.byteLength)) throw invalid('its checksum does not fit')
  const flags = content[1] ?? 0
  if ((flags & 0x3c) !== 0) throw invalid('a reserved bit is set')
  const cursor: Cursor = { bytes: content, position: 2 }
  const packedBytes = (flags & 0x40) === 0 ? undefined : needVli(cursor)
  const unpackedBytes = (flags & 0x80) === 0 ? undefined : needVli(cursor)
  const dictionaryBytes = readFilters(cursor, (flags & 0x03) + 1)
  if (content.subarray(cursor.position).some((byte) => byte !== 0)) throw invalid('its padding is not zero')
  return { dictionaryBytes, packedBytes, unpackedBytes }
}

function readFilters(cursor: Cursor, count: number): number {
  const id = needVli(cursor)
  if (id !== LZMA2 || count > 1) {
    const name = FILTER_NAMES.get(id) ?? `0x${id.toString(16)}`
    throw new ImageError('UNSUPPORTED', `the xz data was made with the filter ${name}: only LZMA2 alone is read here`)
  }
  const [size, dictionary = 0xff] = cursor.bytes.subarray(cursor.position)
  if (size !== 1 || dictionary > 40) throw invalid('its dictionary size is not valid')
  cursor.position += 2
  // Section 5.3.1; 40 is 4 GiB less one byte, which is refused either way.
  const dictionaryBytes = (2 | (dictionary & 1)) * 2 ** (Math.floor(dictionary / 2) + 11)
  if (dictionaryBytes > MAX_XZ_DICTIONARY_BYTES) {
    throw new ImageError(
      'LIMIT_EXCEEDED',
      `the xz data asks for a dictionary of ${dictionaryBytes} bytes, more than the ${MAX_XZ_DICTIONARY_BYTES} that are given`,
    )
  }
  return dictionaryBytes
}

/**
 * Reads a number of variable length (section 1.2); undefined if the bytes end before. Throws `INVALID_DATA` for one that is
 * not in its shortest form or that no file can need.
 */
export function readVli(cursor: Cursor): number | undefined {
  let value = 0
  for (let index = 0; index < 9; index += 1) {
    const byte = cursor.bytes[cursor.position]
    if (byte === undefined) return undefined
    cursor.position += 1
    value += (byte & 0x7f) * 2 ** (7 * index)
    if (byte >= 0x80) continue
    if ((byte === 0 && index > 0) || !Number.isSafeInteger(value)) throw invalid('a number is not valid')
    return value
  }
  throw invalid('a number is too long')
}

export function readUint32(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset, true)
}

function needVli(cursor: Cursor): number {
  const value = readVli(cursor)
  if (value === undefined) throw invalid('it ends within a number')
  return value
}

function invalid(problem: string): ImageError {
  return new ImageError('INVALID_DATA', `this is not valid xz data: in a header, ${problem}`)
}
