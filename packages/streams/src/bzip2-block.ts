import { ImageError } from '@crossdock/core'
import { fillBits, isOverrun, readBits, type BitReader } from './bit-reader.ts'
import { createHuffmanTable, decodeSymbol, MAX_CODE_BITS, type HuffmanTable } from './bzip2-huffman.ts'
import { invalidData } from './need-bytes.ts'

/** A block while it is unpacked, with memory that is used again for the next. */
export interface Bzip2Block {
  /** The bytes of the block in sorted order; after {@link linkBlock} also, above them, where each one's successor is. */
  sorted: Uint32Array
  size: number
  readonly counts: Uint32Array
  /** The byte values that occur, those used last in front. */
  readonly recent: Uint8Array
  /** A run of the value in front that is being counted. */
  run: number
  runWeight: number
}

export interface ReadBlockOptions {
  /** Bytes that a block of the stream may have before its runs are expanded. */
  readonly maxBytes: number
  readonly turn: () => Promise<void>
}

interface Codes {
  readonly tables: readonly HuffmanTable[]
  /** Which table each group of symbols uses. */
  readonly selectors: Uint8Array
  readonly selectorCount: number
  readonly endSymbol: number
}

// Far above what the tables of a block take: 32,767 selectors of 6 bits, 6 × 258 lengths of 39.
const MAX_HEADER_BYTES = 40_000
const GROUP_SYMBOLS = 50
const GROUP_BYTES = (GROUP_SYMBOLS * MAX_CODE_BITS) / 8
const GROUPS_PER_STEP = 2000
// A block of 900,000 bytes has no more groups; some programs write selectors for more, which nobody uses.
const MAX_SELECTORS = 18_002
const INITIAL_BYTES = 16 * 1024
// So many bytes are moved sooner by a loop than by a call.
const FEW = 16
const MAX_RUN_WEIGHT = 2 ** 21

export function createBlock(): Bzip2Block {
  return {
    sorted: new Uint32Array(INITIAL_BYTES),
    size: 0,
    counts: new Uint32Array(256),
    recent: new Uint8Array(256),
    run: 0,
    runWeight: 1,
  }
}

/** Reads the bytes of a block, behind its origin pointer, in sorted order. Throws `INVALID_DATA`. */
export async function readBlock(bits: BitReader, block: Bzip2Block, options: ReadBlockOptions): Promise<void> {
  await fillBits(bits, MAX_HEADER_BYTES)
  block.size = 0
  block.run = 0
  block.runWeight = 1
  block.counts.fill(0)
  const codes = readCodes(bits, block)
  for (let group = 0; group < codes.selectorCount; group += 1) {
    const enough = await fillBits(bits, GROUP_BYTES)
    const table = codes.tables[codes.selectors[group] ?? 0]
    if (table === undefined) break
    const ended = readGroup(bits, block, { table, endSymbol: codes.endSymbol, maxBytes: options.maxBytes })
    if (!enough && isOverrun(bits)) break
    if (ended) return
    if (group % GROUPS_PER_STEP === 0) await options.turn()
  }
  throw damage(bits, 'a block has no end')
}

/** Says for every byte of a block that was read where its successor is. */
export function linkBlock({ sorted, size, counts }: Bzip2Block): void {
  let start = 0
  for (let value = 0; value < 256; value += 1) {
    const count = counts[value] ?? 0
    counts[value] = start
    start += count
  }
  for (let index = 0; index < size; index += 1) {
    const value = (sorted[index] ?? 0) & 0xff
    const place = counts[value] ?? 0
    counts[value] = place + 1
    sorted[place] = (sorted[place] ?? 0) | (index << 8)
  }
}

/** The error for bits that make no sense, or that there are not. */
export function damage(bits: BitReader, problem: string): ImageError {
  if (!isOverrun(bits)) return invalidData(bits.reader, 'bzip2', problem)
  return new ImageError(
    'INVALID_DATA',
    `the bzip2 data is cut off: it ends near byte ${bits.reader.taken}, in the middle`,
  )
}

function readCodes(bits: BitReader, block: Bzip2Block): Codes {
  const symbolCount = readValues(bits, block.recent)
  if (symbolCount === 0) throw damage(bits, 'a block has no byte values')
  const tableCount = readBits(bits, 3)
  const selectorCount = readBits(bits, 15)
  if (tableCount < 2 || tableCount > 6 || selectorCount === 0) throw damage(bits, 'the codes of a block are not valid')
  const selectors = readSelectors(bits, { tableCount, selectorCount })
  // Two kinds of run, every value but the one in front, the end.
  const alphabet = symbolCount + 2
  const tables = Array.from({ length: tableCount }, () => readTable(bits, alphabet))
  if (isOverrun(bits)) throw damage(bits, 'the codes of a block have no end')
  return { tables, selectors, selectorCount: Math.min(selectorCount, MAX_SELECTORS), endSymbol: alphabet - 1 }
}

/** Reads which byte values occur: first which sixteenths of all values, then which of each. */
function readValues(bits: BitReader, values: Uint8Array): number {
  const sixteenths = readBits(bits, 16)
  let count = 0
  for (let high = 0; high < 16; high += 1) {
    if ((sixteenths & (0x8000 >> high)) === 0) continue
    const map = readBits(bits, 16)
    for (let low = 0; low < 16; low += 1) {
      if ((map & (0x8000 >> low)) === 0) continue
      values[count] = high * 16 + low
      count += 1
    }
  }
  return count
}

function readSelectors(
  bits: BitReader,
  { tableCount, selectorCount }: { readonly tableCount: number; readonly selectorCount: number },
): Uint8Array {
  const recent = Uint8Array.from({ length: tableCount }, (_, table) => table)
  const selectors = new Uint8Array(selectorCount)
  for (let group = 0; group < selectorCount; group += 1) {
    let place = 0
    while (readBits(bits, 1) === 1) {
      place += 1
      if (place >= tableCount) throw damage(bits, 'a block selects a code that it does not have')
    }
    selectors[group] = moveToFront(recent, place)
  }
  return selectors
}

function readTable(bits: BitReader, alphabet: number): HuffmanTable {
  const lengths = new Uint8Array(alphabet)
  let length = readBits(bits, 5)
  for (let symbol = 0; symbol < alphabet; symbol += 1) {
    for (;;) {
      if (length < 1 || length > MAX_CODE_BITS) throw damage(bits, 'a code has a length that is not valid')
      if (readBits(bits, 1) === 0) break
      length += readBits(bits, 1) === 0 ? 1 : -1
    }
    lengths[symbol] = length
  }
  const table = createHuffmanTable(lengths)
  if (table === undefined) throw damage(bits, 'a code is not valid')
  return table
}

/** Reads a group of symbols; says whether the block ended in it. */
function readGroup(
  bits: BitReader,
  block: Bzip2Block,
  {
    table,
    endSymbol,
    maxBytes,
  }: { readonly table: HuffmanTable; readonly endSymbol: number; readonly maxBytes: number },
): boolean {
  for (let left = GROUP_SYMBOLS; left > 0; left -= 1) {
    const symbol = decodeSymbol(bits, table)
    if (symbol < 0) throw damage(bits, 'a code does not exist')
    if (symbol <= 1) {
      if (block.runWeight > MAX_RUN_WEIGHT) throw damage(bits, 'a run is longer than a block')
      block.run += block.runWeight << symbol
      block.runWeight *= 2
      continue
    }
    const size = block.size + block.run + (symbol === endSymbol ? 0 : 1)
    if (size > maxBytes) throw damage(bits, 'a block is larger than it may be')
    if (size > block.sorted.length) makeRoom(block, size)
    if (block.run > 0) endRun(block)
    if (symbol === endSymbol) return true
    addByte(block, moveToFront(block.recent, symbol - 1))
  }
  return false
}

/** Room for `size` bytes of the block: twice as much as before, at least. */
function makeRoom(block: Bzip2Block, size: number): void {
  const grown = new Uint32Array(Math.max(size, 2 * block.sorted.length))
  grown.set(block.sorted)
  block.sorted = grown
}

function endRun(block: Bzip2Block): void {
  const [value = 0] = block.recent
  const { sorted } = block
  const end = block.size + block.run
  for (let index = block.size; index < end; index += 1) sorted[index] = value
  block.counts[value] = (block.counts[value] ?? 0) + block.run
  block.size = end
  block.run = 0
  block.runWeight = 1
}

function addByte(block: Bzip2Block, value: number): void {
  block.sorted[block.size] = value
  block.counts[value] = (block.counts[value] ?? 0) + 1
  block.size += 1
}

/** Takes out what is in this place and puts it in front. */
function moveToFront(recent: Uint8Array, place: number): number {
  const value = recent[place] ?? 0
  if (place > FEW) recent.copyWithin(1, 0, place)
  else for (let index = place; index > 0; index -= 1) recent[index] = recent[index - 1] ?? 0
  recent[0] = value
  return value
}
