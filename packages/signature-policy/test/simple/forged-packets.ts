import * as openpgp from 'openpgp'
import { readPackets } from '../../src/simple/openpgp-packets.ts'
import { before, HOUR_MS, type TestKey } from './test-keys.ts'

/** The body of a signature over text, an hour old, that expires some seconds after it was made. */
export async function expiringSignature(text: string, { secret }: TestKey, seconds: number): Promise<Uint8Array> {
  const literal = new openpgp.LiteralDataPacket()
  Object.assign(literal, { data: Buffer.from(text), format: openpgp.enums.literal.binary })
  const packet = await signWith(secret, literal, {
    signatureType: openpgp.enums.signature.binary,
    signatureExpirationTime: seconds,
    signatureNeverExpires: false,
  })
  return bodyOf(packet)
}

/** The statement of a key that the sub-key of somebody else is its own. The consent in it is that of a sub-key that really is. */
export async function bindWithoutConsent(
  thief: openpgp.PrivateKey,
  { stolen, own }: { readonly stolen: openpgp.Subkey; readonly own: openpgp.Subkey },
): Promise<openpgp.SignaturePacket> {
  return await signWith(
    thief,
    { key: thief.keyPacket, bind: stolen.keyPacket },
    {
      signatureType: openpgp.enums.signature.subkeyBinding,
      keyFlags: Uint8Array.of(openpgp.enums.keyFlags.signData),
      embeddedSignature: own.bindingSignatures[0]?.embeddedSignature,
    },
  )
}

async function signWith(
  { keyPacket }: openpgp.PrivateKey,
  data: object,
  members: object,
): Promise<openpgp.SignaturePacket> {
  const packet = new openpgp.SignaturePacket()
  Object.assign(packet, {
    publicKeyAlgorithm: openpgp.enums.publicKey.eddsaLegacy,
    hashAlgorithm: openpgp.enums.hash.sha512,
    ...members,
  })
  // The last argument is missing in the declared types.
  await Reflect.apply(packet.sign, packet, [keyPacket, data, before(HOUR_MS), false, openpgp.config])
  return packet
}

function bodyOf(packet: openpgp.SignaturePacket): Uint8Array {
  const list = new openpgp.PacketList<openpgp.SignaturePacket>()
  list.push(packet)
  const [read] = readPackets(list.write(), { what: 'x', maxPackets: 1 })
  return read?.body ?? new Uint8Array()
}

/** The first sub-key of a public key. */
export function publicPart(key: openpgp.PublicKey): openpgp.PublicSubkeyPacket {
  return key.subkeys[0]?.keyPacket as openpgp.PublicSubkeyPacket
}
