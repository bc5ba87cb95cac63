import { type Digest, hideUserInfo, ImageError, isDigest, type PolicyIdentity, quoteForeign } from '@crossdock/core'

export type UrlScheme = 'http' | 'https'

/** Which image of an archive is meant; without any of them the only one. */
export interface ArchiveSelection {
  /** A name as the archive has it. */
  readonly name?: string | undefined
  readonly digest?: Digest | undefined
  /** The place in the archive's list, from 0. */
  readonly index?: number | undefined
}

/** An archive behind a URL, and an image in it. */
export interface UrlLocation {
  /** Without a fragment. */
  readonly url: URL
  readonly selection: ArchiveSelection
}

const MAX_CHARACTERS = 4096
const NAME = /^[A-Za-z0-9][A-Za-z0-9._\-/:+]*$/

/**
 * Reads `//HOST[:PORT]/PATH[?QUERY][#NAME]`; in place of the name may stand `@DIGEST` or `@N`. The URL is kept in its normal form (RFC 3986, 6.2.2).
 * Throws `INVALID_REFERENCE`, which shows nothing of a user name or password.
 */
export function parseLocation(scheme: UrlScheme, text: string): UrlLocation {
  const fail = (rule: string): ImageError =>
    new ImageError(
      'INVALID_REFERENCE',
      `"${quoteForeign(`${scheme}:${shownText(text)}`, 200)}" names no archive: ${rule}`,
    )
  if (text.length > MAX_CHARACTERS) throw fail(`it is longer than ${MAX_CHARACTERS} characters`)
  if (!/^\/\/[^/]/.test(text)) throw fail(`write ${scheme}://HOST[:PORT]/PATH`)
  // A URL parser would drop or change these, so that a person reads another URL than the one that is fetched.
  if (/[\s\\\p{Cc}]/u.test(text)) throw fail('blanks, backslashes and control characters have to be percent-encoded')
  const hash = text.indexOf('#')
  const url = URL.parse(`${scheme}:${hash < 0 ? text : text.slice(0, hash)}`)
  if (url === null) throw fail('it is no URL; check host and port')
  if (url.username !== '' || url.password !== '') {
    throw fail('a user name or password does not belong into a URL; give credentials apart')
  }
  url.pathname = normalPath(url.pathname)
  return Object.freeze({ url, selection: hash < 0 ? {} : parseSelection(text.slice(hash + 1), fail) })
}

function parseSelection(text: string, fail: (rule: string) => ImageError): ArchiveSelection {
  if (/^@[0-9]{1,6}$/.test(text)) return { index: Number(text.slice(1)) }
  const digest = text.slice(1)
  if (text.startsWith('@') && isDigest(digest)) return { digest }
  if (NAME.test(text)) return { name: text }
  throw fail('behind "#" stands the name of an image in the archive, @DIGEST, or @N for the one at place N from 0')
}

/** What {@link parseLocation} reads back as the same location. */
export function formatLocation({ url, selection }: UrlLocation): string {
  const { name, digest, index } = selection
  const suffix = name ?? (digest === undefined ? undefined : `@${digest}`) ?? (index === undefined ? '' : `@${index}`)
  return `${url.href.slice(url.protocol.length)}${suffix === '' ? '' : `#${suffix}`}`
}

/** Percent-encodings of characters that need none are equal to them (RFC 3986, 6.2.2.2); in those that stay, digits are upper case. */
function normalPath(path: string): string {
  return path.replace(/%[0-9a-f]{2}/gi, (encoded) => {
    const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16))
    return /[A-Za-z0-9\-._~]/.test(character) ? character : encoded.toUpperCase()
  })
}

/**
 * What a policy looks an archive up by: `HOST[:PORT]/PATH`, then the same without its last component, down to the host. The query and the name in the
 * archive do not count.
 */
export function policyOf(url: URL): PolicyIdentity {
  const parts = url.pathname.split('/').filter((part) => part !== '')
  const scopes = parts.map((_, count) => [url.host, ...parts.slice(0, parts.length - count)].join('/'))
  const [identity = url.host, ...parents] = scopes
  const namespaces = scopes.length === 0 ? [] : [...parents, url.host]
  return Object.freeze({ identity, namespaces: Object.freeze(namespaces) })
}

/** Throws `INVALID_REFERENCE` unless the scope is what {@link policyOf} makes of some URL. */
export function validateScope(scheme: UrlScheme, scope: string): void {
  const url = /[\s\\?#@\p{Cc}]/u.test(scope) ? null : URL.parse(`${scheme}://${scope}`)
  if (url !== null) {
    url.pathname = normalPath(url.pathname)
    if (policyOf(url).identity === scope) return
  }
  throw new ImageError(
    'INVALID_REFERENCE',
    `"${quoteForeign(hideUserInfo(scope), 200)}" cannot be a policy scope of ${scheme}: write HOST[:PORT] or HOST[:PORT]/PATH, ` +
      'without the scheme, a query or a slash at the end',
  )
}

/** Signed URLs keep their secret in the query. */
function shownText(text: string): string {
  return hideUserInfo(text.replace(/\?[^#]*/, '?…'))
}
