import { ImageError } from '@crossdock/core'
import type { ByteReader } from './byte-reader.ts'

/** Buffers `count` bytes of packed data. Throws `INVALID_DATA` if the data ends before. */
export async function needBytes(reader: ByteReader, count: number, format: string): Promise<void> {
  if (await reader.fill(count)) return
  const end = reader.taken + reader.buffered.byteLength
  throw new ImageError('INVALID_DATA', `the ${format} data is cut off: it ends after ${end} bytes, in the middle`)
}

/** Damaged packed data. */
export function invalidData(reader: ByteReader, format: string, problem: string): ImageError {
  return new ImageError('INVALID_DATA', `this is not valid ${format} data: near byte ${reader.taken} ${problem}`)
}
