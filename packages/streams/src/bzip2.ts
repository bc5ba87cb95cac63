import { ImageError } from '@crossdock/core'
import { alignBits, createBitReader, fillBits, isOverrun, peekByte, readBits, type BitReader } from './bit-reader.ts'
import { createBlock, damage, linkBlock, readBlock, type Bzip2Block } from './bzip2-block.ts'
import { beginRuns, expandRuns } from './bzip2-runs.ts'
import type { ByteReader } from './byte-reader.ts'
import { createBzip2Crc } from './crc.ts'
import { createTurns } from './turns.ts'

/** What goes from block to block and from stream to stream. */
interface Unpacking {
  readonly bits: BitReader
  readonly block: Bzip2Block
  readonly output: Uint8Array
  readonly turn: () => Promise<void>
}

// Some milliseconds of work.
const STEP_BYTES = 256 * 1024
const LEVEL_BYTES = 100_000
const STREAM_HEADER_BYTES = 4
const BLOCK_HEADER_BYTES = 14
const SIGNATURE = [0x42, 0x5a, 0x68] as const
// The first digits of π and of its square root.
const BLOCK = '314159265359'
const STREAM_END = '177245385090'

/**
 * Unpacks bzip2 data: all streams, on this thread, a few milliseconds at a time, in less than 10 MiB of memory. The
 * checksums of blocks and of streams are verified.
 *
 * Throws `INVALID_DATA` for damaged or cut data and for what follows the last stream and is not zero, `UNSUPPORTED` for the
 * randomised blocks of versions before 0.9.5.
 */
export async function* bunzip2(reader: ByteReader): AsyncGenerator<Uint8Array> {
  const bits = createBitReader(reader)
  const unpacking: Unpacking = { bits, block: createBlock(), output: new Uint8Array(STEP_BYTES), turn: createTurns() }
  do {
    yield* streamContent(unpacking)
  } while (await findNextStream(unpacking))
}

async function* streamContent(unpacking: Unpacking): AsyncGenerator<Uint8Array> {
  const { bits, turn } = unpacking
  const maxBytes = (await readStreamHeader(bits)) * LEVEL_BYTES
  let combined = 0
  for (;;) {
    await fillBits(bits, BLOCK_HEADER_BYTES)
    const signature = readHex(bits, 6)
    const checksum = readBits(bits, 16) * 65_536 + readBits(bits, 16)
    if (isOverrun(bits)) throw damage(bits, 'a stream has no end')
    if (signature === STREAM_END) {
      if (checksum !== combined) throw damage(bits, 'the checksum of a stream does not fit')
      return
    }
    if (signature !== BLOCK) throw damage(bits, 'no block begins where one should')
    yield* blockContent(unpacking, { maxBytes, checksum })
    combined = (((combined << 1) | (combined >>> 31)) ^ checksum) >>> 0
    await turn()
  }
}

/** Gives the level, 1 to 9. */
async function readStreamHeader(bits: BitReader): Promise<number> {
  await fillBits(bits, STREAM_HEADER_BYTES)
  const fits = SIGNATURE.every((byte) => readBits(bits, 8) === byte)
  const level = readBits(bits, 8) - 0x30
  if (!fits || level < 1 || level > 9) throw damage(bits, 'no stream begins')
  return level
}

async function* blockContent(
  { bits, block, output, turn }: Unpacking,
  { maxBytes, checksum }: { readonly maxBytes: number; readonly checksum: number },
): AsyncGenerator<Uint8Array> {
  if (readBits(bits, 1) === 1) {
    throw new ImageError('UNSUPPORTED', 'the bzip2 data has randomised blocks, which no program has made since 1999')
  }
  const origin = readBits(bits, 24)
  await readBlock(bits, block, { maxBytes, turn })
  if (origin >= block.size) throw damage(bits, 'a block begins behind its end')
  linkBlock(block)
  await turn()
  const runs = beginRuns(block, origin)
  const crc = createBzip2Crc()
  for (;;) {
    const written = expandRuns(block, runs, output)
    if (written === 0) break
    const chunk = output.slice(0, written)
    crc.update(chunk)
    yield chunk
    await turn()
  }
  if (crc.value.low !== checksum) throw damage(bits, "the checksum of a block's content does not fit")
}

/** Passes over what fills up the last byte and over zero bytes behind the data; says whether another stream follows. */
async function findNextStream({ bits, turn }: Unpacking): Promise<boolean> {
  alignBits(bits)
  let padded = false
  while (bits.count > 0 || (await fillBits(bits, 1))) {
    if (!padded && peekByte(bits) === SIGNATURE[0]) return true
    if (readBits(bits, 8) !== 0) throw damage(bits, 'something that is not bzip2 follows')
    padded = true
    await turn()
  }
  return false
}

function readHex(bits: BitReader, bytes: number): string {
  let text = ''
  for (let left = bytes; left > 0; left -= 1) text += readBits(bits, 8).toString(16).padStart(2, '0')
  return text
}
