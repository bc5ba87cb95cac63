import { ImageError } from '@crossdock/core'

const ARMOURED = /-----BEGIN PGP ([A-Z ]+)-----[ \t\r]*\n([\s\S]*?)\n-----END PGP \1-----/g
const CRC_START = 0xb704ce
const CRC_POLYNOMIAL = 0x1864cfb

export interface ArmouredBlock {
  /** `PUBLIC KEY BLOCK`, `SIGNATURE`. */
  readonly type: string
  readonly bytes: Uint8Array
}

/**
 * Every armoured block in a text (RFC 9580, section 6.2), in order; what stands around them is not looked at. `what` names the text in
 * messages. Throws `INVALID_DATA` for a block that is not base64, or whose checksum does not fit.
 */
export function readArmour(text: Uint8Array, what: string): readonly ArmouredBlock[] {
  const lines = Buffer.from(text).toString('latin1')
  return [...lines.matchAll(ARMOURED)].map(([, type = '', content = '']) => ({ type, bytes: decode(content, what) }))
}

export function isArmoured(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes('-----BEGIN PGP ')
}

/** Headers, an empty line, base64, and perhaps a checksum. */
function decode(content: string, what: string): Uint8Array {
  const lines = content.split('\n').map((line) => line.trimEnd())
  const body = lines
    .slice(lines.findIndex((line) => !line.includes(': ') && !line.endsWith(':')))
    .filter((line) => line !== '')
  const checksum = body.at(-1)?.startsWith('=') === true ? body.pop() : undefined
  const base64 = body.join('')
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.byteLength === 0 || bytes.toString('base64') !== base64) {
    throw new ImageError('INVALID_DATA', `${what} has an armoured block that is not base64`)
  }
  if (checksum !== undefined && checksum.slice(1) !== crc24(bytes)) {
    throw new ImageError('INVALID_DATA', `${what} has an armoured block whose checksum does not fit: it is damaged`)
  }
  return bytes
}

function crc24(bytes: Uint8Array): string {
  let crc = CRC_START
  for (const byte of bytes) {
    crc ^= byte << 16
    for (let bit = 0; bit < 8; bit += 1) {
      crc <<= 1
      if ((crc & 0x1000000) !== 0) crc ^= CRC_POLYNOMIAL
    }
  }
  return Buffer.from([crc >> 16, crc >> 8, crc]).toString('base64')
}
