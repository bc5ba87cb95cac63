import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { ImageError, quoteForeign } from '@crossdock/core'
import { readPem } from '../pem.ts'

/** A key that signatures are checked with. */
export interface PublicKey {
  readonly key: KeyObject
  /** Its SubjectPublicKeyInfo. */
  readonly der: Uint8Array
  /** `SHA256:` and the hash of `der` in hexadecimal. */
  readonly fingerprint: string
  /** Why nothing may be verified with it: it is weak, or of a kind that sigstore does not use. */
  readonly problem?: string | undefined
}

const MIN_RSA_BITS = 2048
const CURVES: ReadonlySet<string | undefined> = new Set(['secp224r1', 'prime256v1', 'secp384r1', 'secp521r1'])
const DER_TYPES: ReadonlyMap<string, 'spki' | 'pkcs1'> = new Map([
  ['PUBLIC KEY', 'spki'],
  ['RSA PUBLIC KEY', 'pkcs1'],
])

/**
 * The first key of a PEM file. Others that follow do not count, so that a file means the same here as for other readers of
 * policy.json. Throws `INVALID_DATA` for what is no key.
 */
export function readPublicKey(pem: Uint8Array, what: string): PublicKey {
  const [block] = readPem(pem, what)
  if (block === undefined) throw new ImageError('INVALID_DATA', `${what} is not a PEM file with a public key`)
  const type = DER_TYPES.get(block.label)
  if (type === undefined) {
    throw new ImageError('INVALID_DATA', `${what} has "${quoteForeign(block.label)}" where a "PUBLIC KEY" must be`)
  }
  let key
  try {
    key = createPublicKey({ key: Buffer.from(block.bytes), format: 'der', type })
  } catch (cause) {
    throw new ImageError('INVALID_DATA', `${what} is not a public key`, { cause })
  }
  return describeKey(key, what)
}

/** The key, if it may be used; otherwise throws `INVALID_DATA`. */
export function usableKey(key: KeyObject, what: string): PublicKey {
  const described = describeKey(key, what)
  if (described.problem !== undefined) throw new ImageError('INVALID_DATA', described.problem)
  return described
}

function describeKey(key: KeyObject, what: string): PublicKey {
  const der = key.export({ type: 'spki', format: 'der' })
  const fingerprint = `SHA256:${createHash('sha256').update(der).digest('hex')}`
  const problem = keyProblem(key)
  return { key, der, fingerprint, ...(problem !== undefined && { problem: `${what} ${problem}` }) }
}

/** ECDSA (DER), RSA PKCS #1 v1.5 or Ed25519, the first two over SHA-256. */
export function keyVerifies({ key }: PublicKey, bytes: Uint8Array, signature: Uint8Array): boolean {
  return verify(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', bytes, key, signature)
}

function keyProblem(key: KeyObject): string | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  if (type === 'ed25519') return undefined
  if (type === 'rsa') {
    const bits = details?.modulusLength ?? 0
    return bits < MIN_RSA_BITS ? `is an RSA key of ${bits} bits; ${MIN_RSA_BITS} are the least` : undefined
  }
  if (type === 'ec') {
    const curve = details?.namedCurve
    return CURVES.has(curve) ? undefined : `is on the curve ${curve ?? 'unknown'}; use P-256, P-384 or P-521`
  }
  return `is of the kind "${type ?? 'unknown'}"; use ECDSA, RSA or Ed25519`
}
