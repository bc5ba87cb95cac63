import { ImageError } from '@crossdock/core'

/** One packet of OpenPGP data (RFC 9580, section 4). */
export interface OpenPgpPacket {
  readonly tag: number
  readonly body: Uint8Array
}

export const TAG = {
  signature: 2,
  onePassSignature: 4,
  secretKey: 5,
  publicKey: 6,
  compressed: 8,
  literal: 11,
  trust: 12,
  userId: 13,
  publicSubkey: 14,
} as const

/** What may come in pieces, or without a length: data that is written while it is made. */
const STREAMED: ReadonlySet<number> = new Set([8, 9, 11, 18, 20])
const LEAST_FIRST_PIECE_BYTES = 512

/**
 * Cuts binary OpenPGP data into its packets, to its very last byte. Both header formats are read, and bodies in pieces. `what` names
 * the data in messages.
 *
 * Throws `INVALID_DATA`, and `LIMIT_EXCEEDED` beyond `maxPackets`.
 */
export function readPackets(
  bytes: Uint8Array,
  { what, maxPackets }: { readonly what: string; readonly maxPackets: number },
): readonly OpenPgpPacket[] {
  const packets: OpenPgpPacket[] = []
  const reader: Reader = { bytes, what, at: 0 }
  while (reader.at < bytes.byteLength) {
    if (packets.length === maxPackets) {
      throw new ImageError('LIMIT_EXCEEDED', `${what} has more than ${maxPackets} OpenPGP packets`)
    }
    packets.push(readPacket(reader))
  }
  return packets
}

interface Reader {
  readonly bytes: Uint8Array
  readonly what: string
  at: number
}

function readPacket(reader: Reader): OpenPgpPacket {
  const first = takeNumber(reader, 1)
  if ((first & 0x80) === 0) throw damaged(reader, 'no OpenPGP packet begins where one should')
  const isNew = (first & 0x40) !== 0
  const tag = isNew ? first & 0x3f : (first & 0x3c) >> 2
  if (tag === 0) throw damaged(reader, 'a packet has the reserved tag 0')
  return { tag, body: isNew ? newBody(reader, tag) : oldBody(reader, { tag, lengthType: first & 3 }) }
}

function oldBody(
  reader: Reader,
  { tag, lengthType }: { readonly tag: number; readonly lengthType: number },
): Uint8Array {
  if (lengthType < 3) return take(reader, takeNumber(reader, 1 << lengthType))
  if (!STREAMED.has(tag)) throw damaged(reader, `a packet with the tag ${tag} has no length`)
  return take(reader, reader.bytes.byteLength - reader.at)
}

function newBody(reader: Reader, tag: number): Uint8Array {
  const first = takeLength(reader)
  if (!first.isPartial) return take(reader, first.length)
  if (!STREAMED.has(tag)) throw damaged(reader, `a packet with the tag ${tag} is in pieces`)
  if (first.length < LEAST_FIRST_PIECE_BYTES) throw damaged(reader, 'the first piece of a packet is too short')
  const whole = new Uint8Array(reader.bytes.byteLength - reader.at)
  let size = 0
  for (let piece = first; ; piece = takeLength(reader)) {
    whole.set(take(reader, piece.length), size)
    size += piece.length
    if (!piece.isPartial) return whole.subarray(0, size)
  }
}

function takeLength(reader: Reader): { readonly length: number; readonly isPartial: boolean } {
  const first = takeNumber(reader, 1)
  if (first < 192) return { length: first, isPartial: false }
  if (first < 224) return { length: (first - 192) * 256 + takeNumber(reader, 1) + 192, isPartial: false }
  if (first < 255) return { length: 2 ** (first & 0x1f), isPartial: true }
  return { length: takeNumber(reader, 4), isPartial: false }
}

function takeNumber(reader: Reader, size: number): number {
  return take(reader, size).reduce((value, byte) => value * 256 + byte, 0)
}

function take(reader: Reader, size: number): Uint8Array {
  const end = reader.at + size
  if (end > reader.bytes.byteLength) throw damaged(reader, 'it ends within a packet')
  const taken = reader.bytes.subarray(reader.at, end)
  reader.at = end
  return taken
}

function damaged({ what, at }: Reader, reason: string): ImageError {
  return new ImageError('INVALID_DATA', `${what} is damaged before byte ${at}: ${reason}`)
}
