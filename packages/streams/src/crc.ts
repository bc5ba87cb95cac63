/** A running cyclic redundancy check. */
export interface Crc {
  update(bytes: Uint8Array): void
  /** The value over all bytes so far: the upper and the lower 32 bits; `high` is 0 for a check of 32 bits. */
  readonly value: { readonly high: number; readonly low: number }
}

interface Crc64Table {
  readonly high: Int32Array
  readonly low: Int32Array
}

const CRC64_POLYNOMIAL = { high: 0xc96c5795, low: 0xd7870f42 } as const
const BZIP2_POLYNOMIAL = 0x04c11db7

let crc64Table: Crc64Table | undefined
let bzip2Table: Int32Array | undefined

/** CRC-64 of xz (xz file format 1.2.1, section 6), lowest bit first; four bytes a step, with a table for each. */
export function createCrc64(): Crc {
  crc64Table ??= tabulateCrc64()
  const { high: highs, low: lows } = crc64Table
  let high = -1
  let low = -1
  return {
    update(bytes) {
      const whole = bytes.length - (bytes.length % 4)
      let at = 0
      for (; at < whole; at += 4) {
        const a = ((low ^ entry(bytes, at)) & 0xff) + 768
        const b = (((low >>> 8) ^ entry(bytes, at + 1)) & 0xff) + 512
        const c = (((low >>> 16) ^ entry(bytes, at + 2)) & 0xff) + 256
        const d = (low >>> 24) ^ entry(bytes, at + 3)
        low = high ^ entry(lows, a) ^ entry(lows, b) ^ entry(lows, c) ^ entry(lows, d)
        high = entry(highs, a) ^ entry(highs, b) ^ entry(highs, c) ^ entry(highs, d)
      }
      for (; at < bytes.length; at += 1) {
        const index = (low ^ entry(bytes, at)) & 0xff
        low = ((low >>> 8) | (high << 24)) ^ entry(lows, index)
        high = (high >>> 8) ^ entry(highs, index)
      }
    },
    get value() {
      return { high: ~high >>> 0, low: ~low >>> 0 }
    },
  }
}

/** CRC-32 of bzip2: the polynomial of IEEE 802.3, but highest bit first, so that zlib's does not fit. */
export function createBzip2Crc(): Crc {
  bzip2Table ??= tabulateBzip2Crc()
  const table = bzip2Table
  let crc = -1
  return {
    update(bytes) {
      for (let index = 0; index < bytes.length; index += 1) {
        crc = (crc << 8) ^ entry(table, (crc >>> 24) ^ entry(bytes, index))
      }
    },
    get value() {
      return { high: 0, low: ~crc >>> 0 }
    },
  }
}

/** For each byte value its remainder, then the same with one, two and three zero bytes behind it. */
function tabulateCrc64(): Crc64Table {
  const table: Crc64Table = { high: new Int32Array(1024), low: new Int32Array(1024) }
  for (let index = 0; index < 1024; index += 1) {
    const before = index - 256
    let high = before < 0 ? 0 : entry(table.high, before)
    let low = before < 0 ? index : entry(table.low, before)
    for (let bit = 0; bit < 8; bit += 1) {
      const divides = (low & 1) === 1
      low = (low >>> 1) | (high << 31)
      high >>>= 1
      if (!divides) continue
      high ^= CRC64_POLYNOMIAL.high
      low ^= CRC64_POLYNOMIAL.low
    }
    table.high[index] = high
    table.low[index] = low
  }
  return table
}

function tabulateBzip2Crc(): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte << 24
    for (let bit = 0; bit < 8; bit += 1) crc = crc < 0 ? (crc << 1) ^ BZIP2_POLYNOMIAL : crc << 1
    return crc
  })
}

/** An entry that is known to be there. */
function entry(table: Int32Array | Uint8Array, index: number): number {
  return table[index] ?? 0
}
