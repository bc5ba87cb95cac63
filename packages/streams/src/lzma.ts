import { ImageError } from '@crossdock/core'
import { createLzmaWindow, type LzmaWindow } from './lzma-window.ts'

/**
 * The LZMA decoder of LZMA2 chunks: a range decoder over adaptive bits, and the grammar of literals, matches and repeated
 * matches that they make. After the "LZMA specification" in the LZMA SDK.
 */
export interface LzmaDecoder {
  readonly window: LzmaWindow
  /** Probabilities of all adaptive bits, in 1/2048. */
  readonly probabilities: Uint16Array
  /** Range and code of the range decoder: unsigned, but kept as signed integers, which JavaScript keeps as they are. */
  range: number
  code: number
  /** The packed bytes of one chunk, and room behind them for the look-ahead of damaged data. */
  readonly input: Uint8Array
  at: number
  end: number
  /** What the last symbols were, 0 to 11: below 7 the last one was a literal. */
  state: number
  /** The last four distances, less one. */
  distance0: number
  distance1: number
  distance2: number
  distance3: number
  /** Bytes of the last match that are still to be copied. */
  pending: number
  literalContextBits: number
  literalPositionMask: number
  positionMask: number
}

const MAX_CHUNK_BYTES = 64 * 1024
// A symbol takes at most 20 bytes of input.
const LOOK_AHEAD_BYTES = 64
const HALF = 1024
const TOP = 2 ** 24

// Where each kind of bit has its probabilities.
const IS_MATCH = 0
const IS_REPEAT = IS_MATCH + 12 * 16
const IS_REPEAT_0 = IS_REPEAT + 12
const IS_REPEAT_1 = IS_REPEAT_0 + 12
const IS_REPEAT_2 = IS_REPEAT_1 + 12
const IS_REPEAT_0_LONG = IS_REPEAT_2 + 12
const DISTANCE_SLOT = IS_REPEAT_0_LONG + 12 * 16
const DISTANCE_SPECIAL = DISTANCE_SLOT + 4 * 64
const DISTANCE_ALIGN = DISTANCE_SPECIAL + 114
const LENGTH = DISTANCE_ALIGN + 16
const LENGTH_LOW = 2
const LENGTH_MIDDLE = LENGTH_LOW + 16 * 8
const LENGTH_HIGH = LENGTH_MIDDLE + 16 * 8
const REPEAT_LENGTH = LENGTH + LENGTH_HIGH + 256
const LITERAL = REPEAT_LENGTH + LENGTH_HIGH + 256
const LITERAL_CODER = 0x300
// LZMA2 allows four bits of literal context and position together.
const PROBABILITIES = LITERAL + LITERAL_CODER * 2 ** 4

export function createLzmaDecoder(): LzmaDecoder {
  return {
    window: createLzmaWindow(),
    probabilities: new Uint16Array(PROBABILITIES).fill(HALF),
    range: 0,
    code: 0,
    input: new Uint8Array(MAX_CHUNK_BYTES + LOOK_AHEAD_BYTES),
    at: 0,
    end: 0,
    state: 0,
    distance0: 0,
    distance1: 0,
    distance2: 0,
    distance3: 0,
    pending: 0,
    literalContextBits: 0,
    literalPositionMask: 0,
    positionMask: 0,
  }
}

/** Forgets what was learnt about the data, but not the window. */
export function resetState(decoder: LzmaDecoder): void {
  decoder.probabilities.fill(HALF)
  decoder.state = 0
  decoder.distance0 = 0
  decoder.distance1 = 0
  decoder.distance2 = 0
  decoder.distance3 = 0
  decoder.pending = 0
}

/** Takes over the byte that says how literals and positions are modelled. */
export function setProperties(decoder: LzmaDecoder, byte: number): void {
  const context = byte % 9
  const position = Math.floor(byte / 9) % 5
  if (byte > 224 || context + position > 4) throw damaged('the properties of a chunk are not valid')
  decoder.literalContextBits = context
  decoder.literalPositionMask = 2 ** position - 1
  decoder.positionMask = 2 ** Math.floor(byte / 45) - 1
}

/** Takes in the packed bytes of a chunk, 64 KiB at most. */
export function beginChunk(decoder: LzmaDecoder, packed: Uint8Array): void {
  const [first = 1, a = 0, b = 0, c = 0, d = 0] = packed
  if (first !== 0 || packed.byteLength < 5) throw damaged('a chunk does not begin as it must')
  decoder.input.set(packed)
  decoder.at = 5
  decoder.end = packed.byteLength
  decoder.range = -1
  decoder.code = (a << 24) | (b << 16) | (c << 8) | d
}

/** Unpacks until the window's position is `stop`. */
export function decodeUntil(decoder: LzmaDecoder, stop: number): void {
  const { window } = decoder
  if (decoder.pending > 0) copyMatch(decoder, decoder.pending, stop)
  while (window.position < stop) {
    const positionState = window.position & decoder.positionMask
    if (decodeBit(decoder, IS_MATCH + decoder.state * 16 + positionState) === 0) decodeLiteral(decoder)
    else copyMatch(decoder, decodeMatch(decoder, positionState), stop)
    if (decoder.at > decoder.end) throw damaged('a chunk goes on behind its end')
  }
}

/** All of a chunk's output is there: all of its input must have been used. */
export function endChunk(decoder: LzmaDecoder): void {
  normalize(decoder)
  if (decoder.pending > 0 || decoder.at !== decoder.end || decoder.code !== 0) {
    throw damaged('a chunk does not end where it says')
  }
}

function normalize(decoder: LzmaDecoder): void {
  if (decoder.range >>> 0 >= TOP) return
  decoder.range <<= 8
  decoder.code = (decoder.code << 8) | (decoder.input[decoder.at] ?? 0)
  decoder.at += 1
}

function decodeBit(decoder: LzmaDecoder, index: number): number {
  normalize(decoder)
  const { range, code, probabilities } = decoder
  const probability = probabilities[index] ?? 0
  const bound = Math.imul(range >>> 11, probability)
  if (code >>> 0 < bound >>> 0) {
    decoder.range = bound
    probabilities[index] = probability + ((2048 - probability) >>> 5)
    return 0
  }
  decoder.range = (range - bound) | 0
  decoder.code = (code - bound) | 0
  probabilities[index] = probability - (probability >>> 5)
  return 1
}

/** A number below `size`, a power of two, highest bit first: `decodeBit` in a loop, but with range and code at hand. */
function decodeTree(decoder: LzmaDecoder, base: number, size: number): number {
  const { probabilities, input } = decoder
  let { range, code, at } = decoder
  let symbol = 1
  while (symbol < size) {
    if (range >>> 0 < TOP) {
      range <<= 8
      code = (code << 8) | (input[at] ?? 0)
      at += 1
    }
    const probability = probabilities[base + symbol] ?? 0
    const bound = Math.imul(range >>> 11, probability)
    if (code >>> 0 < bound >>> 0) {
      range = bound
      probabilities[base + symbol] = probability + ((2048 - probability) >>> 5)
      symbol <<= 1
    } else {
      range = (range - bound) | 0
      code = (code - bound) | 0
      probabilities[base + symbol] = probability - (probability >>> 5)
      symbol = (symbol << 1) | 1
    }
  }
  decoder.range = range
  decoder.code = code
  decoder.at = at
  return symbol - size
}

/** A number of so many bits, lowest bit first. */
function decodeReverseTree(decoder: LzmaDecoder, base: number, bits: number): number {
  let symbol = 1
  let value = 0
  for (let index = 0; index < bits; index += 1) {
    const bit = decodeBit(decoder, base + symbol)
    symbol = (symbol << 1) | bit
    value |= bit << index
  }
  return value
}

/** Bits that are as often 0 as 1. */
function decodeDirect(decoder: LzmaDecoder, bits: number): number {
  let value = 0
  for (let left = bits; left > 0; left -= 1) {
    normalize(decoder)
    const half = decoder.range >>> 1
    const bit = decoder.code >>> 0 >= half ? 1 : 0
    decoder.range = half
    if (bit === 1) decoder.code = (decoder.code - half) | 0
    value = (value << 1) | bit
  }
  return value
}

function decodeLiteral(decoder: LzmaDecoder): void {
  const { window, state, literalContextBits } = decoder
  const { bytes, position } = window
  const previous = position > 0 || window.wrapped ? (bytes[position > 0 ? position - 1 : bytes.length - 1] ?? 0) : 0
  const context =
    ((position & decoder.literalPositionMask) << literalContextBits) | (previous >> (8 - literalContextBits))
  const base = LITERAL + LITERAL_CODER * context
  bytes[position] = state < 7 ? decodeTree(decoder, base, 256) : decodeAfterMatch(decoder, base)
  window.position = position + 1
  if (state < 4) decoder.state = 0
  else decoder.state = state < 10 ? state - 3 : state - 6
}

/** A literal behind a match, which is modelled beside the byte that would have continued the match. */
function decodeAfterMatch(decoder: LzmaDecoder, base: number): number {
  const { bytes, position } = decoder.window
  const from = position - decoder.distance0 - 1
  let expected = bytes[from < 0 ? from + bytes.length : from] ?? 0
  let symbol = 1
  let offset = 0x100
  while (symbol < 0x100) {
    expected <<= 1
    const expectedBit = expected & offset
    const bit = decodeBit(decoder, base + offset + expectedBit + symbol)
    symbol = (symbol << 1) | bit
    offset &= bit === 1 ? expectedBit : ~expectedBit
  }
  return symbol & 0xff
}

/** Reads a match: sets its distance and gives its length. */
function decodeMatch(decoder: LzmaDecoder, positionState: number): number {
  const { state } = decoder
  if (decodeBit(decoder, IS_REPEAT + state) === 1) return decodeRepeat(decoder, positionState)
  decoder.distance3 = decoder.distance2
  decoder.distance2 = decoder.distance1
  decoder.distance1 = decoder.distance0
  const length = decodeLength(decoder, LENGTH, positionState)
  decoder.distance0 = checkedDistance(decoder, decodeDistance(decoder, length))
  decoder.state = state < 7 ? 7 : 10
  return length
}

function decodeRepeat(decoder: LzmaDecoder, positionState: number): number {
  const { state } = decoder
  if (decodeBit(decoder, IS_REPEAT_0 + state) === 1) rotateDistances(decoder)
  else if (decodeBit(decoder, IS_REPEAT_0_LONG + state * 16 + positionState) === 0) {
    decoder.state = state < 7 ? 9 : 11
    checkedDistance(decoder, decoder.distance0)
    return 1
  }
  decoder.state = state < 7 ? 8 : 11
  checkedDistance(decoder, decoder.distance0)
  return decodeLength(decoder, REPEAT_LENGTH, positionState)
}

function rotateDistances(decoder: LzmaDecoder): void {
  const { state, distance0, distance1, distance2, distance3 } = decoder
  decoder.distance1 = distance0
  if (decodeBit(decoder, IS_REPEAT_1 + state) === 0) {
    decoder.distance0 = distance1
    return
  }
  decoder.distance2 = distance1
  if (decodeBit(decoder, IS_REPEAT_2 + state) === 0) {
    decoder.distance0 = distance2
    return
  }
  decoder.distance3 = distance2
  decoder.distance0 = distance3
}

function decodeLength(decoder: LzmaDecoder, base: number, positionState: number): number {
  if (decodeBit(decoder, base) === 0) return 2 + decodeTree(decoder, base + LENGTH_LOW + positionState * 8, 8)
  if (decodeBit(decoder, base + 1) === 0) return 10 + decodeTree(decoder, base + LENGTH_MIDDLE + positionState * 8, 8)
  return 18 + decodeTree(decoder, base + LENGTH_HIGH, 256)
}

function decodeDistance(decoder: LzmaDecoder, length: number): number {
  const slot = decodeTree(decoder, DISTANCE_SLOT + Math.min(length - 2, 3) * 64, 64)
  if (slot < 4) return slot
  const bits = (slot >> 1) - 1
  const head = 2 | (slot & 1)
  if (slot < 14) {
    const start = head << bits
    return start + decodeReverseTree(decoder, DISTANCE_SPECIAL + start - slot - 1, bits)
  }
  const direct = decodeDirect(decoder, bits - 4)
  return (head * 2 ** (bits - 4) + direct) * 16 + decodeReverseTree(decoder, DISTANCE_ALIGN, 4)
}

function checkedDistance({ window }: LzmaDecoder, distance: number): number {
  if (distance < window.position || (window.wrapped && distance < window.bytes.length)) return distance
  throw damaged('a match reaches behind the beginning of the data')
}

function copyMatch(decoder: LzmaDecoder, length: number, stop: number): void {
  const { window, distance0 } = decoder
  const { bytes, position } = window
  const end = Math.min(position + length, stop)
  decoder.pending = length - (end - position)
  window.position = end
  let from = position - distance0 - 1
  let to = position
  if (from < 0) {
    // The match begins before the place where the window wrapped.
    from += bytes.length
    for (; to < end && from < bytes.length; to += 1, from += 1) bytes[to] = bytes[from] ?? 0
    from = 0
  }
  for (; to < end; to += 1, from += 1) bytes[to] = bytes[from] ?? 0
}

function damaged(problem: string): ImageError {
  return new ImageError('INVALID_DATA', `this is not valid xz data: ${problem}`)
}
