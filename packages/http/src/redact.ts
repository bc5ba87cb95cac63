import { quoteForeign } from '@crossdock/core'

/** A URL for messages: no user information, no query, no fragment; signed URLs and upload states live there. */
export function redactUrl(url: URL | string): string {
  const parsed = typeof url === 'string' ? URL.parse(url) : url
  if (parsed === null) return 'an invalid URL'
  const query = parsed.search === '' ? '' : '?…'
  return quoteForeign(`${parsed.protocol}//${parsed.host}${parsed.pathname}${query}`, 300)
}

const SECRET_PARAMETER = /\b(token|access_token|refresh_token|password|secret|signature|sig|x-amz-[a-z-]+)=[^\s&"']+/gi
const SECRET_SCHEME = /\b(bearer|basic)\s+[A-Za-z0-9+/=._~-]{8,}/gi
const WEB_TOKEN = /\beyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){0,2}/g
const USER_INFO = /\/\/[^\s/@"']{1,200}@/g
/** Signed URLs and upload states live there. */
const QUERY = /\?[^\s"'<>?]{0,200}=[^\s"'<>]*/g
/** Shorter ones are words as well. */
const LEAST_SECRET_CHARACTERS = 4

export interface RedactOptions {
  /** The most characters that are kept. Default: 500. */
  readonly max?: number | undefined
  /** Credentials that the server knows. */
  readonly secrets?: readonly string[] | undefined
}

/** Text of a server, made fit for a message: what looks like a credential, or is one, is blanked out, and it is quoted as foreign. */
export function redactText(text: string, { max = 500, secrets = [] }: RedactOptions = {}): string {
  let bounded = text.slice(0, 4096)
  for (const secret of secrets) {
    if (secret.length >= LEAST_SECRET_CHARACTERS) bounded = bounded.replaceAll(secret, '…')
  }
  const blanked = bounded
    .replace(SECRET_PARAMETER, '$1=…')
    .replace(SECRET_SCHEME, '$1 …')
    .replace(WEB_TOKEN, '…')
    .replace(USER_INFO, '//…@')
    .replace(QUERY, '?…')
  return quoteForeign(blanked.trim(), max)
}
