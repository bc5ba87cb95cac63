import { dropBits, refill, type BitReader } from './bit-reader.ts'

/** A prefix code with at most 20 bits a symbol. */
export interface HuffmanTable {
  /** For each beginning of {@link LOOKUP_BITS} bits, 32 × symbol + length; 0 if the code is longer. */
  readonly lookup: Uint16Array
  /** For each length, the last code of it. */
  readonly last: Int32Array
  /** For each length, what to take off a code to find its symbol in `symbols`. */
  readonly offset: Int32Array
  /** Symbols in the order of their codes. */
  readonly symbols: Uint16Array
}

/** The longest code of bzip2. */
export const MAX_CODE_BITS = 20
const LOOKUP_BITS = 10

/** The canonical code with these lengths; undefined if there is none, because too many codes are short. */
export function createHuffmanTable(lengths: Uint8Array): HuffmanTable | undefined {
  const table: HuffmanTable = {
    lookup: new Uint16Array(2 ** LOOKUP_BITS),
    last: new Int32Array(MAX_CODE_BITS + 1),
    offset: new Int32Array(MAX_CODE_BITS + 1),
    symbols: new Uint16Array(lengths.length),
  }
  let code = 0
  let index = 0
  for (let length = 1; length <= MAX_CODE_BITS; length += 1) {
    code *= 2
    table.offset[length] = code - index
    for (let symbol = 0; symbol < lengths.length; symbol += 1) {
      if (lengths[symbol] !== length) continue
      if (code >= 2 ** length) return undefined
      table.symbols[index] = symbol
      if (length <= LOOKUP_BITS) fillLookup(table.lookup, { code, length, symbol })
      index += 1
      code += 1
    }
    table.last[length] = code - 1
  }
  return table
}

function fillLookup(
  lookup: Uint16Array,
  { code, length, symbol }: { readonly code: number; readonly length: number; readonly symbol: number },
): void {
  const span = 2 ** (LOOKUP_BITS - length)
  lookup.fill(symbol * 32 + length, code * span, (code + 1) * span)
}

/** Reads a symbol; -1 if none has this code. */
export function decodeSymbol(bits: BitReader, table: HuffmanTable): number {
  refill(bits)
  const entry = table.lookup[bits.window >>> (32 - LOOKUP_BITS)] ?? 0
  if (entry !== 0) {
    dropBits(bits, entry & 31)
    return entry >> 5
  }
  for (let length = LOOKUP_BITS + 1; length <= MAX_CODE_BITS; length += 1) {
    const code = bits.window >>> (32 - length)
    if (code > (table.last[length] ?? -1)) continue
    dropBits(bits, length)
    return table.symbols[code - (table.offset[length] ?? 0)] ?? -1
  }
  return -1
}
