import { ImageError } from '@crossdock/core'
import { isArmoured, readArmour } from './armour.ts'
import { isKeybox, readKeybox } from './keybox.ts'
import { type OpenPgpPacket, readPackets, TAG } from './openpgp-packets.ts'

const MAX_PACKETS = 500_000

/**
 * The keys in a file, public and secret, each with what belongs to it: binary or armoured, several armoured blocks one after the other,
 * or GnuPG's keybox. Empty for anything else. `what` names the file in messages.
 *
 * Throws `INVALID_DATA` for data that begins like this and goes on otherwise.
 */
export function readCertificates(bytes: Uint8Array, what: string): readonly (readonly OpenPgpPacket[])[] {
  return binaryParts(bytes, what).flatMap((part) => {
    const packets = readPackets(part, { what, maxPackets: MAX_PACKETS })
    const starts = packets.flatMap(({ tag }, at) => (tag === TAG.publicKey || tag === TAG.secretKey ? [at] : []))
    if (packets.length > 0 && starts[0] !== 0) {
      throw new ImageError('INVALID_DATA', `${what} does not begin with an OpenPGP key`)
    }
    return starts.map((start, index) => packets.slice(start, starts[index + 1]))
  })
}

function binaryParts(bytes: Uint8Array, what: string): readonly Uint8Array[] {
  if (isKeybox(bytes)) return readKeybox(bytes, what)
  const [first = 0] = bytes
  if (first >= 0x80) return [bytes]
  if (!isArmoured(bytes)) return []
  return readArmour(bytes, what)
    .filter(({ type }) => type === 'PUBLIC KEY BLOCK' || type === 'PRIVATE KEY BLOCK')
    .map((block) => block.bytes)
}
