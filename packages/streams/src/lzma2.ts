import type { ByteReader } from './byte-reader.ts'
import { beginChunk, decodeUntil, endChunk, resetState, setProperties, type LzmaDecoder } from './lzma.ts'
import { makeRoom, resetWindow } from './lzma-window.ts'
import { invalidData, needBytes } from './need-bytes.ts'

export interface Lzma2Options {
  readonly decoder: LzmaDecoder
  readonly dictionaryBytes: number
  /** Awaited every few milliseconds of work. */
  readonly turn: () => Promise<void>
}

/** What a chunk must still bring before others may go without. */
interface Missing {
  dictionary: boolean
  properties: boolean
}

// Some milliseconds of work at the usual ratios.
const STEP_BYTES = 256 * 1024

// Values of the control byte (xz file format, section 5.3.1, and the comments of liblzma's decoder).
const END = 0
const STORED_WITH_RESET = 1
const STORED = 2
const PACKED = 0x80
const PACKED_WITH_STATE = 0xa0
const PACKED_WITH_PROPERTIES = 0xc0
const PACKED_WITH_DICTIONARY = 0xe0

/** Unpacks LZMA2 data, up to and with its end marker. Throws `INVALID_DATA`. */
export async function* unpackLzma2(reader: ByteReader, options: Lzma2Options): AsyncGenerator<Uint8Array> {
  const missing: Missing = { dictionary: true, properties: true }
  for (;;) {
    await needBytes(reader, 1, 'xz')
    const [control = END] = reader.buffered
    if (control === END) {
      reader.take(1)
      return
    }
    if (control === STORED_WITH_RESET || control >= PACKED_WITH_DICTIONARY) {
      resetWindow(options.decoder.window)
      missing.dictionary = false
      missing.properties = true
    }
    if (missing.dictionary) throw invalidData(reader, 'xz', 'a chunk needs content that was never sent')
    if (control >= PACKED) yield* packedChunk(reader, control, { ...options, missing })
    else if (control <= STORED) yield* storedChunk(reader, options)
    else throw invalidData(reader, 'xz', 'a chunk is of no known kind')
  }
}

async function* storedChunk(reader: ByteReader, options: Lzma2Options): AsyncGenerator<Uint8Array> {
  const { window } = options.decoder
  await needBytes(reader, 3, 'xz')
  const [, high = 0, low = 0] = reader.take(3)
  const size = high * 256 + low + 1
  await needBytes(reader, size, 'xz')
  const content = reader.take(size)
  for (let done = 0; done < size;) {
    makeRoom(window, options.dictionaryBytes)
    const part = content.subarray(done, done + window.bytes.byteLength - window.position)
    window.bytes.set(part, window.position)
    window.position += part.byteLength
    done += part.byteLength
  }
  yield content
  await options.turn()
}

async function* packedChunk(
  reader: ByteReader,
  control: number,
  { decoder, dictionaryBytes, turn, missing }: Lzma2Options & { readonly missing: Missing },
): AsyncGenerator<Uint8Array> {
  const { window } = decoder
  const headerBytes = control >= PACKED_WITH_PROPERTIES ? 6 : 5
  await needBytes(reader, headerBytes, 'xz')
  const [, a = 0, b = 0, c = 0, d = 0, properties = 0] = reader.take(headerBytes)
  if (control >= PACKED_WITH_PROPERTIES) {
    setProperties(decoder, properties)
    missing.properties = false
  }
  if (missing.properties) throw invalidData(reader, 'xz', 'a chunk needs properties that were never sent')
  if (control >= PACKED_WITH_STATE) resetState(decoder)
  const packedBytes = c * 256 + d + 1
  await needBytes(reader, packedBytes, 'xz')
  beginChunk(decoder, reader.take(packedBytes))
  let left = (control & 0x1f) * 65_536 + a * 256 + b + 1
  while (left > 0) {
    makeRoom(window, dictionaryBytes)
    const start = window.position
    const stop = Math.min(start + Math.min(left, STEP_BYTES), window.bytes.byteLength)
    decodeUntil(decoder, stop)
    left -= stop - start
    yield window.bytes.slice(start, stop)
    await turn()
  }
  endChunk(decoder)
}
