import { createHasher, ImageError, type Hasher } from '@crossdock/core'
import type { ByteReader } from './byte-reader.ts'
import { createLzmaDecoder, type LzmaDecoder } from './lzma.ts'
import { unpackLzma2 } from './lzma2.ts'
import { invalidData, needBytes } from './need-bytes.ts'
import { crc32 } from './node-zlib.ts'
import { createTurns } from './turns.ts'
import { readBlockHeader, readUint32, readVli, type Cursor } from './xz-block-header.ts'
import { xzCheckType, type XzCheckType } from './xz-check.ts'

/** What goes from block to block and from stream to stream. */
interface Unpacking {
  readonly decoder: LzmaDecoder
  readonly turn: () => Promise<void>
}

/** The sizes of blocks, kept as a digest: as many as the index says may come. */
interface BlockSizes {
  count: number
  readonly hasher: Hasher
}

const HEADER_MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] as const
const FOOTER_MAGIC = [0x59, 0x5a] as const
const ENDS_BYTES = 12
const MAX_RECORD_BYTES = 18

/**
 * Unpacks xz data (xz file format 1.2.1): all streams, on this thread, a few milliseconds at a time. Every check that the
 * format has is made: of headers, of each block's content, of the index against the blocks.
 *
 * Throws `INVALID_DATA` for damaged or cut data and for what follows the last stream without being padding, `LIMIT_EXCEEDED`
 * for a dictionary above 64 MiB, `UNSUPPORTED` for checks that nobody can verify and for filters other than LZMA2.
 */
export async function* unxz(reader: ByteReader): AsyncGenerator<Uint8Array> {
  const unpacking: Unpacking = { decoder: createLzmaDecoder(), turn: createTurns() }
  do {
    yield* streamContent(reader, unpacking)
  } while (await findNextStream(reader))
}

async function* streamContent(reader: ByteReader, unpacking: Unpacking): AsyncGenerator<Uint8Array> {
  const flags = await readStreamHeader(reader)
  const check = checkTypeOf(flags)
  const sizes: BlockSizes = { count: 0, hasher: createHasher('sha256') }
  for (;;) {
    await needBytes(reader, 1, 'xz')
    if (reader.buffered[0] === 0) break
    yield* blockContent(reader, { ...unpacking, check, sizes })
    await unpacking.turn()
  }
  const indexBytes = await readIndex(reader, sizes, unpacking.turn)
  await readStreamFooter(reader, flags, indexBytes)
}

/** Section 2.1.1: gives the second byte of the flags, which names the check. */
async function readStreamHeader(reader: ByteReader): Promise<number> {
  await needBytes(reader, ENDS_BYTES, 'xz')
  if (HEADER_MAGIC.some((byte, index) => reader.buffered[index] !== byte)) {
    throw invalidData(reader, 'xz', 'no stream begins')
  }
  const header = reader.take(ENDS_BYTES)
  if (crc32(header.subarray(6, 8)) !== readUint32(header, 8)) {
    throw invalidData(reader, 'xz', 'the checksum of a stream header does not fit')
  }
  const [zero = 0, flags = 0] = header.subarray(6, 8)
  if (zero !== 0 || flags > 0x0f) throw invalidData(reader, 'xz', 'a reserved bit is set')
  return flags
}

function checkTypeOf(flags: number): XzCheckType {
  const type = xzCheckType(flags)
  if (type !== undefined) return type
  throw new ImageError('UNSUPPORTED', `the xz data has checks of the unknown kind ${flags}, which cannot be verified`)
}

/** Section 3. */
async function* blockContent(
  reader: ByteReader,
  { decoder, turn, check, sizes }: Unpacking & { readonly check: XzCheckType; readonly sizes: BlockSizes },
): AsyncGenerator<Uint8Array> {
  const headerBytes = ((reader.buffered[0] ?? 0) + 1) * 4
  await needBytes(reader, headerBytes, 'xz')
  const header = readBlockHeader(reader.take(headerBytes))
  const running = check.start()
  const begin = reader.taken
  let unpackedBytes = 0
  for await (const chunk of unpackLzma2(reader, { decoder, turn, dictionaryBytes: header.dictionaryBytes })) {
    unpackedBytes += chunk.byteLength
    running.update(chunk)
    yield chunk
  }
  const packedBytes = reader.taken - begin
  if (
    packedBytes !== (header.packedBytes ?? packedBytes) ||
    unpackedBytes !== (header.unpackedBytes ?? unpackedBytes)
  ) {
    throw invalidData(reader, 'xz', 'a block has another size than it says')
  }
  await takePadding(reader, packedBytes)
  await needBytes(reader, check.bytes, 'xz')
  const stored = reader.take(check.bytes)
  if (running.end().some((byte, index) => byte !== stored[index])) {
    throw invalidData(reader, 'xz', "the checksum of a block's content does not fit")
  }
  addSizes(sizes, { blockBytes: headerBytes + packedBytes + check.bytes, unpackedBytes })
}

function addSizes(
  sizes: BlockSizes,
  { blockBytes, unpackedBytes }: { readonly blockBytes: number; readonly unpackedBytes: number },
): void {
  sizes.count += 1
  sizes.hasher.update(new Uint8Array(Float64Array.of(blockBytes, unpackedBytes).buffer))
}

/** Section 4: gives the size of the index, which must list exactly the blocks that came. */
async function readIndex(reader: ByteReader, blocks: BlockSizes, turn: () => Promise<void>): Promise<number> {
  const begin = reader.taken
  const listed: BlockSizes = { count: 0, hasher: createHasher('sha256') }
  let checksum = crc32(reader.take(1))
  const take = (bytes: number): void => void (checksum = crc32(reader.take(bytes), checksum))

  const [count] = await readNumbers(reader, 1, take)
  if (count !== blocks.count) throw invalidData(reader, 'xz', 'the index does not list the blocks that came')
  while (listed.count < blocks.count) {
    const [blockBytes = 0, unpackedBytes = 0] = await readNumbers(reader, 2, take)
    addSizes(listed, { blockBytes, unpackedBytes })
    await turn()
  }
  if (listed.hasher.digest() !== blocks.hasher.digest()) {
    throw invalidData(reader, 'xz', 'the index lists other sizes than the blocks have')
  }
  checksum = crc32(await takePadding(reader, reader.taken - begin), checksum)
  await needBytes(reader, 4, 'xz')
  if (readUint32(reader.take(4), 0) !== checksum) {
    throw invalidData(reader, 'xz', 'the checksum of the index does not fit')
  }
  return reader.taken - begin
}

async function readNumbers(reader: ByteReader, count: number, take: (bytes: number) => void): Promise<number[]> {
  // There may be less: the numbers may be short, and then the end is near.
  await reader.fill(MAX_RECORD_BYTES)
  const cursor: Cursor = { bytes: reader.buffered, position: 0 }
  const numbers: number[] = []
  while (numbers.length < count) {
    const number = readVli(cursor)
    if (number === undefined) await needBytes(reader, MAX_RECORD_BYTES, 'xz')
    else numbers.push(number)
  }
  take(cursor.position)
  return numbers
}

/** Section 2.1.2. */
async function readStreamFooter(reader: ByteReader, flags: number, indexBytes: number): Promise<void> {
  await needBytes(reader, ENDS_BYTES, 'xz')
  const footer = reader.take(ENDS_BYTES)
  const fits =
    crc32(footer.subarray(4, 10)) === readUint32(footer, 0) &&
    (readUint32(footer, 4) + 1) * 4 === indexBytes &&
    footer[8] === 0 &&
    footer[9] === flags &&
    FOOTER_MAGIC.every((byte, index) => footer[10 + index] === byte)
  if (!fits) throw invalidData(reader, 'xz', 'the footer of a stream does not fit')
}

/**
 * Passes over the padding behind a stream, of which there are multiples of four zero bytes; says whether another one
 * follows.
 */
async function findNextStream(reader: ByteReader): Promise<boolean> {
  let zeros = 0
  while (await reader.fill(1)) {
    const next = reader.buffered.findIndex((byte) => byte !== 0)
    zeros += reader.take(next === -1 ? reader.buffered.byteLength : next).byteLength
    if (next !== -1) break
  }
  if (zeros % 4 !== 0) throw invalidData(reader, 'xz', 'the padding behind a stream has a wrong size')
  return reader.buffered.byteLength > 0
}

/** Takes the zero bytes that fill something of `size` bytes up to a multiple of four. */
async function takePadding(reader: ByteReader, size: number): Promise<Uint8Array> {
  const count = (4 - (size % 4)) % 4
  await needBytes(reader, count, 'xz')
  const padding = reader.take(count)
  if (padding.some((byte) => byte !== 0)) throw invalidData(reader, 'xz', 'padding is not zero')
  return padding
}
