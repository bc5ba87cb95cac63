import { ImageError, quoteForeign } from '@crossdock/core'
import { requireBase64 } from './strict-base64.ts'

export interface PemBlock {
  /** `PUBLIC KEY`, `CERTIFICATE` … */
  readonly label: string
  readonly bytes: Uint8Array
}

const BEGIN = /-----BEGIN ([A-Z0-9 ]{1,64})-----[ \t]*\r?\n/g

/**
 * The blocks of a PEM file (RFC 7468) in order; text around them is left out. Throws `INVALID_DATA` for a block without an end, with
 * headers, or that is not base64.
 */
export function readPem(bytes: Uint8Array, what: string): PemBlock[] {
  const text = Buffer.from(bytes).toString('latin1')
  const blocks: PemBlock[] = []
  for (let from = 0; ;) {
    BEGIN.lastIndex = from
    const begin = BEGIN.exec(text)
    if (begin === null) return blocks
    const label = begin[1] ?? ''
    const footer = `-----END ${label}-----`
    const end = text.indexOf(footer, BEGIN.lastIndex)
    if (end < 0) throw new ImageError('INVALID_DATA', `${what}: the PEM block "${quoteForeign(label)}" has no end`)
    const body = text.slice(BEGIN.lastIndex, end).replace(/[ \t\r\n]+/g, '')
    blocks.push({ label, bytes: requireBase64(body, `${what}: the PEM block "${quoteForeign(label)}"`) })
    from = end + footer.length
  }
}

/** A PEM block as it is written: lines of 64 characters. */
export function writePem({ label, bytes }: PemBlock): string {
  const lines = Buffer.from(bytes)
    .toString('base64')
    .match(/.{1,64}/g)
  return `-----BEGIN ${label}-----\n${(lines ?? []).join('\n')}\n-----END ${label}-----\n`
}
