import { ImageError, quoteForeign } from '@crossdock/core'
import type * as OpenPgp from 'openpgp'
import { readCertificates } from './certificates.ts'
import { TAG } from './openpgp-packets.ts'
import { writePackets } from './write-packets.ts'

const WHAT = 'the file of the secret key'

/** The secret keys in a file, binary or armoured; still protected. Throws `INVALID_DATA` if there is none. */
export async function readSecretKeys(
  openpgp: typeof OpenPgp,
  bytes: Uint8Array,
): Promise<readonly OpenPgp.PrivateKey[]> {
  const secret = readCertificates(bytes, WHAT).filter(([primary]) => primary?.tag === TAG.secretKey)
  if (secret.length === 0) {
    throw new ImageError(
      'INVALID_DATA',
      `${WHAT} has no OpenPGP secret key in it; "gpg --export-secret-keys FINGERPRINT" writes one`,
    )
  }
  try {
    return await Promise.all(secret.map((packets) => openpgp.readPrivateKey({ binaryKey: writePackets(packets) })))
  } catch (cause) {
    const reason = quoteForeign(cause instanceof Error ? cause.message : String(cause), 300)
    throw new ImageError('INVALID_DATA', `${WHAT} cannot be read: ${reason}`, { cause })
  }
}
