import type { OpenPgpPacket } from './openpgp-packets.ts'

/** Packets as binary OpenPGP data, with headers of the present format (RFC 9580, 4.2.1). */
export function writePackets(packets: readonly OpenPgpPacket[]): Uint8Array {
  return Buffer.concat(
    packets.flatMap(({ tag, body }) => {
      const head = Buffer.alloc(6, 0xff)
      head.writeUInt8(0xc0 | tag, 0)
      head.writeUInt32BE(body.byteLength, 2)
      return [head, body]
    }),
  )
}
