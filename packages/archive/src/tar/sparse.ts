import type { SparsePiece } from './entry.ts'
import { BLOCK_BYTES, isZero, numberField } from './fields.ts'
import { paxInteger, type PaxRecords } from './pax.ts'
import { cutOff, invalid, overLimit, unsupported, type Place } from './problems.ts'
import type { Steps } from './steps.ts'

/** What is known of a sparse file beside its header. */
export interface SparseFile {
  readonly size: number
  /** Where its content begins: behind the map, if that stands before it. */
  readonly offset: number
  readonly storedSize: number
  readonly pieces: readonly SparsePiece[]
  /** Bytes that are not stored. */
  readonly holeBytes: number
}

const MAX_PIECES = 65_536
/** Room for so many pieces in decimal. */
const MAX_MAP_BYTES = 1024 * 1024
const PIECE_BYTES = 24

interface Stored {
  readonly place: Place
  /** Where what is stored begins, and how much it is. */
  readonly offset: number
  readonly bytes: number
}

/** GNU tar's own format: up to four pieces in the header, the others in blocks behind it. */
export function* oldGnuSparse(header: Uint8Array, stored: Stored): Steps<SparseFile> {
  const { place } = stored
  const size = numberField(header, 483, 495)
  const pieces: SparsePiece[] = []
  let offset = stored.offset
  let more = addPieces(pieces, { block: header, begin: 386, count: 4, more: header[482] !== 0 }, place)
  while (more) {
    const block = yield { position: offset, bytes: BLOCK_BYTES }
    if (block.byteLength < BLOCK_BYTES) throw cutOff(place.what, 'within a sparse map')
    offset += BLOCK_BYTES
    more = addPieces(pieces, { block, begin: 0, count: 21, more: block[504] !== 0 }, place)
  }
  return checked({ size, offset, pieces, storedSize: stored.bytes }, place)
}

interface PieceTable {
  readonly block: Uint8Array
  readonly begin: number
  readonly count: number
  /** Whether another table follows, which it may only behind a full one: GNU tar stops at an empty piece, Python does not. */
  readonly more: boolean
}

/** Whether another table follows. */
function addPieces(pieces: SparsePiece[], { block, begin, count, more }: PieceTable, place: Place): boolean {
  for (let index = 0; index < count; index += 1) {
    const at = begin + index * PIECE_BYTES
    if (block[at + 12] === 0) {
      if (!more && isZero(block, at, begin + count * PIECE_BYTES)) return false
      throw invalid(place, 'its sparse map has a gap')
    }
    pieces.push({ offset: numberField(block, at, at + 12), bytes: numberField(block, at + 12, at + PIECE_BYTES) })
  }
  if (pieces.length > MAX_PIECES) throw overLimit(place, `a sparse file has more than ${MAX_PIECES} pieces`)
  return more
}

/** True if PAX records say that a member is sparse. */
export function isPaxSparse(records: PaxRecords): boolean {
  for (const key of records.keys()) if (key.startsWith('GNU.sparse.')) return true
  return false
}

/** GNU tar's PAX formats: 0.0 and 0.1 with the map in a record, 1.0 with the map before the content. */
export function* paxSparse(records: PaxRecords, stored: Stored): Steps<SparseFile> {
  const { place } = stored
  const map = records.get('GNU.sparse.map')
  if (records.has('GNU.sparse.major') || records.has('GNU.sparse.minor')) {
    if (records.get('GNU.sparse.major') !== '1' || records.get('GNU.sparse.minor') !== '0') {
      throw unsupported(place, 'its sparse format is unknown')
    }
    const size = paxInteger(records, 'GNU.sparse.realsize', place)
    if (size === undefined || map !== undefined) throw invalid(place, 'its sparse records contradict each other')
    const { pieces, mapBytes } = yield* readMap(stored)
    return checked({ size, offset: stored.offset + mapBytes, pieces, storedSize: stored.bytes - mapBytes }, place)
  }
  const size = paxInteger(records, 'GNU.sparse.size', place)
  const count = paxInteger(records, 'GNU.sparse.numblocks', place)
  if (size === undefined || (map === undefined && count !== 0)) throw invalid(place, 'its sparse map is not complete')
  const numbers = map === undefined ? [] : map.split(',').map((text) => integer(text))
  const pieces = pairs(numbers)
  if (numbers.length % 2 !== 0 || pieces.length !== (count ?? pieces.length)) {
    throw invalid(place, 'its sparse map has not as many pieces as it says')
  }
  return checked({ size, offset: stored.offset, pieces, storedSize: stored.bytes }, place)
}

interface MapInFront {
  readonly pieces: readonly SparsePiece[]
  readonly mapBytes: number
}

/** The map of format 1.0: numbers, one a line; first how many pieces there are; filled up to whole blocks. */
function* readMap({ place, offset, bytes }: Stored): Steps<MapInFront> {
  const numbers: number[] = []
  let wanted = 1
  let line = ''
  let mapBytes = 0
  while (numbers.length < wanted) {
    if (mapBytes + BLOCK_BYTES > Math.min(bytes, MAX_MAP_BYTES)) throw invalid(place, 'its sparse map does not end')
    const block = yield { position: offset + mapBytes, bytes: BLOCK_BYTES }
    if (block.byteLength < BLOCK_BYTES) throw cutOff(place.what, 'within a sparse map')
    mapBytes += BLOCK_BYTES
    for (const byte of block) {
      if (byte !== 0x0a) {
        line += String.fromCharCode(byte)
        if (line.length > 16) throw invalid(place, 'its sparse map has a line that is no number')
        continue
      }
      numbers.push(integer(line))
      line = ''
      if (numbers.length === 1) wanted = 1 + 2 * pieceCount(numbers[0] ?? 0, place)
      if (numbers.length === wanted) break
    }
  }
  return { pieces: pairs(numbers.slice(1)), mapBytes }
}

function pieceCount(count: number, place: Place): number {
  if (Number.isNaN(count)) throw invalid(place, 'its sparse map does not begin with a number')
  if (count > MAX_PIECES) throw overLimit(place, `a sparse file has more than ${MAX_PIECES} pieces`)
  return count
}

function integer(text: string): number {
  return /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
}

function pairs(numbers: readonly number[]): SparsePiece[] {
  const pieces: SparsePiece[] = []
  for (let at = 0; at + 1 < numbers.length; at += 2) {
    pieces.push({ offset: numbers[at] ?? 0, bytes: numbers[at + 1] ?? 0 })
  }
  return pieces
}

/** The pieces must be what is stored. */
function checked(file: Omit<SparseFile, 'holeBytes'>, place: Place): SparseFile {
  if (!Number.isSafeInteger(file.size) || file.size < 0) {
    throw invalid(place, 'the size of a sparse file is not possible')
  }
  if (file.pieces.length > MAX_PIECES) throw overLimit(place, `a sparse file has more than ${MAX_PIECES} pieces`)
  const sum = checkPieces(file, place)
  if (sum !== file.storedSize) {
    throw invalid(place, `the pieces of a sparse file have ${sum} bytes, but ${file.storedSize} are stored`)
  }
  return { ...file, pieces: file.pieces.filter(({ bytes }) => bytes > 0), holeBytes: file.size - sum }
}

/**
 * How many bytes the pieces have. They must be in order and apart and end where the file does; all but the last must be whole
 * blocks. GNU tar writes no others, and reads others in another way than Python: each from the beginning of a block, and
 * nothing behind the last one, which may be empty.
 */
function checkPieces({ size, pieces }: Pick<SparseFile, 'size' | 'pieces'>, place: Place): number {
  let end = 0
  let sum = 0
  for (const { offset, bytes } of pieces) {
    // Not a number is not greater either.
    if (!(offset >= end) || !(bytes >= 0) || !(offset + bytes <= size)) {
      throw invalid(place, 'the pieces of a sparse file overlap or lie outside of it')
    }
    if (bytes > 0 && sum % BLOCK_BYTES !== 0) {
      throw invalid(place, 'a piece of a sparse file is not whole blocks: programs differ in where the next one begins')
    }
    end = offset + bytes
    sum += bytes
  }
  if (end !== size) throw invalid(place, 'the pieces of a sparse file do not reach its end')
  return sum
}

/** Where the content of a file comes from: `at` in the archive, or nowhere for a hole. */
export interface Run {
  readonly at: number | undefined
  readonly bytes: number
}

export interface RunsOf {
  readonly size: number
  readonly offset: number
  readonly sparse: readonly SparsePiece[] | undefined
}

/** The runs that make up bytes `begin` to `end` of a file. */
export function* runs({ size, offset, sparse }: RunsOf, begin: number, end: number): Generator<Run> {
  let position = begin
  let at = offset
  for (const piece of sparse ?? [{ offset: 0, bytes: size }]) {
    const pieceEnd = piece.offset + piece.bytes
    if (position < piece.offset && position < end) {
      const hole = Math.min(piece.offset, end) - position
      yield { at: undefined, bytes: hole }
      position += hole
    }
    if (position >= end) return
    if (position < pieceEnd) {
      const bytes = Math.min(pieceEnd, end) - position
      yield { at: at + position - piece.offset, bytes }
      position += bytes
    }
    at += piece.bytes
  }
  if (position < end) yield { at: undefined, bytes: end - position }
}

const ZERO_BYTES = 128 * 1024

/** The zeros of a hole. */
export function* zeros(bytes: number): Generator<Uint8Array> {
  for (let left = bytes; left > 0; left -= ZERO_BYTES) yield new Uint8Array(Math.min(left, ZERO_BYTES))
}
