/** The little of DER (X.690) that certificates need. */

export type Der = Uint8Array

export const sequence = (...content: readonly Der[]): Der => tagged(0x30, ...content)
export const set = (...content: readonly Der[]): Der => tagged(0x31, ...content)
export const octets = (content: Der): Der => tagged(0x04, content)
export const bits = (content: Der): Der => tagged(0x03, Uint8Array.of(0), content)
export const utf8 = (text: string): Der => tagged(0x0c, Buffer.from(text))
export const TRUE: Der = tagged(0x01, Uint8Array.of(0xff))

/** `number` in its shortest form; not negative. */
export function integer(number: number | Uint8Array): Der {
  const hex = typeof number === 'number' ? number.toString(16) : Buffer.from(number).toString('hex')
  const content = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  return tagged(0x02, (content[0] ?? 0) > 0x7f ? Uint8Array.of(0) : new Uint8Array(), content)
}

export function oid(dotted: string): Der {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return tagged(0x06, Uint8Array.of(first * 40 + second), ...rest.map(base128))
}

/** UTCTime until 2049, GeneralizedTime from then on (RFC 5280, 4.1.2.5). */
export function time(date: Date): Der {
  const text = date.toISOString().replace(/[-:T]|\.\d+/g, '')
  return date.getUTCFullYear() < 2050 ? tagged(0x17, Buffer.from(text.slice(2))) : tagged(0x18, Buffer.from(text))
}

/** A value with any tag of one byte. */
export function tagged(tag: number, ...content: readonly Uint8Array[]): Der {
  const bytes = Buffer.concat(content)
  return Buffer.concat([Uint8Array.of(tag), lengthOf(bytes.byteLength), bytes])
}

function lengthOf(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length)
  const hex = length.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  return Buffer.concat([Uint8Array.of(0x80 | bytes.byteLength), bytes])
}

function base128(number: number): Uint8Array {
  const bytes = [number & 0x7f]
  for (let rest = number >>> 7; rest > 0; rest >>>= 7) bytes.unshift((rest & 0x7f) | 0x80)
  return Uint8Array.from(bytes)
}
