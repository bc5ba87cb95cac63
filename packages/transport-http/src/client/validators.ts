import type { HttpHeaders } from '@crossdock/http'

/** What tells one content of a URL from another (RFC 9110, 8.8). */
export interface Validators {
  /** As the server wrote it, weak or strong. */
  readonly etag?: string | undefined
  /** The header's text. */
  readonly lastModified?: string | undefined
  /**
   * The one that proves that two answers are the same byte for byte, so that a part of one fits a part of the other: a strong `ETag`, else a
   * `Last-Modified` that was at least a second old (RFC 9110, 8.8.2.2). Undefined if there is none.
   */
  readonly strong?: string | undefined
}

const ETAG = /^(?:W\/)?"[\x21\x23-\x7e]*"$/
const MAX_CHARACTERS = 1024

export function validatorsOf(headers: HttpHeaders): Validators {
  const etag = readEtag(headers.get('etag'))
  const lastModified = readDate(headers.get('last-modified'))
  const isStrongTag = etag !== undefined && !etag.startsWith('W/')
  const strong = isStrongTag ? etag : settledDate(lastModified, headers.get('date'))
  return {
    ...(etag !== undefined && { etag }),
    ...(lastModified !== undefined && { lastModified }),
    ...(strong !== undefined && { strong }),
  }
}

/** The headers that ask for the content only if it is not the one with these validators (RFC 9110, 13.1). Empty if there is no way to ask. */
export function conditionHeaders({ etag, lastModified }: Validators): Readonly<Record<string, string>> {
  if (etag !== undefined) return { 'if-none-match': etag }
  return lastModified === undefined ? {} : { 'if-modified-since': lastModified }
}

/** Undefined for what is not in the form of an `ETag`; such a text never goes back into a header. */
function readEtag(text: string | undefined): string | undefined {
  return text !== undefined && text.length <= MAX_CHARACTERS && ETAG.test(text) ? text : undefined
}

function readDate(text: string | undefined): string | undefined {
  if (text === undefined || !/^[\x20-\x7e]{1,64}$/.test(text)) return undefined
  return Number.isNaN(Date.parse(text)) ? undefined : text
}

/** A file that was changed within the second of the answer may be changed again in that second. */
function settledDate(lastModified: string | undefined, date: string | undefined): string | undefined {
  if (lastModified === undefined || date === undefined) return undefined
  return Date.parse(date) - Date.parse(lastModified) >= 1000 ? lastModified : undefined
}
