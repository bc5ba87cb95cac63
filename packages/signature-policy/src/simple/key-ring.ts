import { ImageError } from '@crossdock/core'
import { readCertificates } from './certificates.ts'
import { fingerprintOf } from './fingerprint.ts'
import { type OpenPgpPacket, TAG } from './openpgp-packets.ts'
import { writePackets } from './write-packets.ts'

/** A public key with its sub-keys, not judged in any way. */
export interface PublicKey {
  /** Of the primary key: upper-case hexadecimal digits. */
  readonly fingerprint: string
  /** Of all its keys, the primary one first. */
  readonly keyFingerprints: readonly string[]
  /** As they are written; anybody may have written them. */
  readonly userIds: readonly string[]
  /** Binary OpenPGP data of this key alone. */
  readonly bytes: Uint8Array
}

const WHAT = 'the key ring'
/** More of them are not looked at: some keys on key servers are full of rubbish. */
const MAX_USER_IDS = 100

/**
 * The public keys in a file: binary or armoured, several armoured blocks one after the other, or GnuPG's keybox. Keys of versions that
 * are not supported are left out. `what` names the file in messages.
 *
 * Throws `INVALID_DATA` for anything else, for secret keys, and if there is no key in it: no key must never mean any key.
 */
export function readKeyRing(bytes: Uint8Array, what: string = WHAT): readonly PublicKey[] {
  const keys = readCertificates(bytes, what).flatMap((packets) => publicKey(packets, what))
  if (keys.length > 0) return keys
  throw new ImageError('INVALID_DATA', `${what} has no OpenPGP public key in it; "gpg --export FINGERPRINT" writes one`)
}

function publicKey(packets: readonly OpenPgpPacket[], what: string): readonly PublicKey[] {
  const [primary] = packets
  if (primary?.tag === TAG.secretKey) {
    throw new ImageError(
      'INVALID_DATA',
      `${what} has a secret key in it; give the public one, as "gpg --export" writes it`,
    )
  }
  const fingerprint = primary && fingerprintOf(primary.body)
  if (fingerprint === undefined) return []
  const subkeys = packets.filter(({ tag }) => tag === TAG.publicSubkey).map(({ body }) => fingerprintOf(body))
  const users = packets.filter(({ tag }) => tag === TAG.userId).slice(0, MAX_USER_IDS)
  return [
    {
      fingerprint,
      keyFingerprints: [fingerprint, ...subkeys.filter((subkey) => subkey !== undefined)],
      userIds: users.map(({ body }) => Buffer.from(body).toString('utf8')),
      // What GnuPG notes about trust is for this machine alone.
      bytes: writePackets(packets.filter(({ tag }) => tag !== TAG.trust)),
    },
  ]
}
