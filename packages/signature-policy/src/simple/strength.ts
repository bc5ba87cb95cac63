import { ImageError } from '@crossdock/core'
import type * as OpenPgp from 'openpgp'

/** Hashes with which other content can be made to fit, by their numbers (RFC 9580, 9.5). */
export const WEAK_HASHES: ReadonlyMap<number, string> = new Map([
  [1, 'MD5'],
  [2, 'SHA-1'],
  [3, 'RIPEMD-160'],
])
const LEAST_RSA_BITS = 2048
const LEAST_DSA_BITS = 2048
const LEAST_DSA_ORDER_BITS = 224
/** Others the library knows by name, and cannot use in Node.js. */
const CURVES: ReadonlySet<string> = new Set(['nistP256', 'nistP384', 'nistP521', 'ed25519Legacy', 'curve25519Legacy'])

/**
 * What the library is told. Unlike its defaults: DSA, whose size is checked here; keys without a statement of what they are for, as
 * GnuPG takes them; keys whose own signature was renewed after they signed, for GnuPG replaces it when a key is extended.
 */
export function verifyConfig({ config, enums }: typeof OpenPgp): OpenPgp.Config {
  return {
    ...config,
    minRSABits: LEAST_RSA_BITS,
    rejectPublicKeyAlgorithms: new Set([enums.publicKey.elgamal]),
    allowMissingKeyFlags: true,
    allowInsecureVerificationWithReformattedKeys: true,
  }
}

/** Throws `REJECTED_BY_POLICY` for `WEAK_HASHES`. */
export function checkSignatureStrength({ hashAlgorithm }: OpenPgp.SignaturePacket): void {
  const weak = WEAK_HASHES.get(hashAlgorithm ?? 0)
  if (weak === undefined) return
  throw new ImageError(
    'REJECTED_BY_POLICY',
    `the OpenPGP signature is refused: it is by ${weak}, which is too weak; sign anew with SHA-256`,
  )
}

/** Throws for what the library does not check by itself, or not in words that help. */
export function checkKeyStrength({ keyPacket }: Pick<OpenPgp.Key | OpenPgp.Subkey, 'keyPacket'>): void {
  const { algorithm, bits = 0, curve } = keyPacket.getAlgorithmInfo()
  if (curve !== undefined && !CURVES.has(curve)) throw new Error(`keys on the curve ${curve} are not supported`)
  if (algorithm !== 'dsa') return
  const { publicParams } = keyPacket
  const order = 'q' in publicParams && publicParams.q instanceof Uint8Array ? bitsOf(publicParams.q) : 0
  if (bits >= LEAST_DSA_BITS && order >= LEAST_DSA_ORDER_BITS) return
  throw new Error(`a DSA key of ${bits} bits, with an order of ${order} bits, is too weak`)
}

function bitsOf(number: Uint8Array): number {
  const [first = 0] = number
  return number.byteLength * 8 - Math.clz32(first) + 24
}
