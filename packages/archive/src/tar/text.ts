import { ImageError, quoteForeign } from '@crossdock/core'

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Byte 0x80 of a name that is not UTF-8 becomes U+DC80, and so on to U+DCFF: code units that UTF-8 never gives. */
const ESCAPE = 0xdc00

/**
 * The text of a name or a PAX value. Names of files are bytes; those that are not UTF-8 become lone surrogates (as in
 * Python's `surrogateescape`), so that two names never become one and {@link encodeText} gives the same bytes back.
 */
export function decodeText(bytes: Uint8Array): string {
  if (isAscii(bytes)) return view(bytes).toString('latin1')
  let text = ''
  let begin = 0
  for (let at = 0; at < bytes.byteLength;) {
    const length = sequenceBytes(bytes, at)
    if (length > 0) {
      at += length
      continue
    }
    if (begin < at) text += strict.decode(bytes.subarray(begin, at))
    text += String.fromCharCode(ESCAPE + (bytes[at] ?? 0))
    at += 1
    begin = at
  }
  return text + strict.decode(bytes.subarray(begin))
}

/** The bytes of a text that {@link decodeText} may have made. Throws `INVALID_DATA` for other lone surrogates. */
export function encodeText(text: string): Uint8Array {
  if (text.isWellFormed()) return Buffer.from(text, 'utf8')
  const parts: Uint8Array[] = []
  for (const [part] of text.matchAll(/\p{Cs}|\P{Cs}+/gu)) {
    const unit = part.charCodeAt(0)
    if (part.isWellFormed()) parts.push(Buffer.from(part, 'utf8'))
    else if (unit >= ESCAPE + 0x80 && unit <= ESCAPE + 0xff) parts.push(Uint8Array.of(unit - ESCAPE))
    else throw new ImageError('INVALID_DATA', `"${quoteForeign(text, 200)}" has half of a character`)
  }
  return Buffer.concat(parts)
}

export function isAscii(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.byteLength; at += 1) if ((bytes[at] ?? 0) > 0x7f) return false
  return true
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** How long the UTF-8 sequence is that begins here; 0 if none does (RFC 3629, section 4). */
function sequenceBytes(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0
  if (lead < 0x80) return 1
  if (lead < 0xc2 || lead > 0xf4) return 0
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
  for (let index = 1; index < length; index += 1) if ((bytes[at + index] ?? 0) >> 6 !== 0b10) return 0
  return isSecondByte(lead, bytes[at + 1] ?? 0) ? length : 0
}

/** Some first bytes leave fewer second ones: what is too long, a surrogate, or beyond Unicode is not UTF-8. */
function isSecondByte(lead: number, second: number): boolean {
  if (lead === 0xe0) return second >= 0xa0
  if (lead === 0xed) return second <= 0x9f
  if (lead === 0xf0) return second >= 0x90
  return lead !== 0xf4 || second <= 0x8f
}
