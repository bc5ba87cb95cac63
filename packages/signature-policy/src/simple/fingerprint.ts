import type * as Crypto from 'node:crypto'

const crypto = (): typeof Crypto => process.getBuiltinModule('node:crypto')

/**
 * The fingerprint of a public key packet's body, in upper-case hexadecimal digits (RFC 9580, 5.5.4). Undefined for versions but 4 and 6.
 */
export function fingerprintOf(body: Uint8Array): string | undefined {
  const [version] = body
  if (version === 4) {
    const head = Buffer.from([0x99, body.byteLength >> 8, body.byteLength])
    return crypto().createHash('sha1').update(head).update(body).digest('hex').toUpperCase()
  }
  if (version !== 6) return undefined
  const head = Buffer.alloc(5, 0x9b)
  head.writeUInt32BE(body.byteLength, 1)
  return crypto().createHash('sha256').update(head).update(body).digest('hex').toUpperCase()
}

/** The part of a fingerprint by which signatures name their key (RFC 9580, 5.5.4). */
export function keyIdOf(fingerprint: string): string {
  return fingerprint.length === 64 ? fingerprint.slice(0, 16) : fingerprint.slice(-16)
}

/** A fingerprint as people write it, with spaces or in small letters; undefined if it is none. */
export function parseFingerprint(text: string): string | undefined {
  const digits = text.replaceAll(/\s/g, '').replace(/^0x/i, '').toUpperCase()
  return /^(?:[0-9A-F]{40}|[0-9A-F]{64})$/.test(digits) ? digits : undefined
}
