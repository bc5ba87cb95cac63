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

/** Text of a server, made fit for a message: what looks like a credential is blanked out, and it is quoted as foreign. */
export function redactText(text: string, max: number = 500): string {
  const bounded = text.slice(0, 4096)
  const blanked = bounded
    .replace(SECRET_PARAMETER, '$1=…')
    .replace(SECRET_SCHEME, '$1 …')
    .replace(WEB_TOKEN, '…')
    .replace(USER_INFO, '//…@')
  return quoteForeign(blanked.trim(), max)
}
