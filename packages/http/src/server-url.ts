import { ImageError } from '@crossdock/core'
import { addressKind } from './address-kind.ts'
import { hostAndPort } from './network-error.ts'
import { redactText, redactUrl } from './redact.ts'

export interface ServerUrlOptions {
  /** What the URL is, for messages: `the redirect of https://example.com/v2/`. */
  readonly what: string
  /** What the user named and all trust comes from. Default: `base`. */
  readonly named?: URL | undefined
  /** Hosts, with or without port, that may be named although they are not public. Default: none. */
  readonly trustedHosts?: readonly string[] | undefined
}

/**
 * Judges a URL that a server named: a realm, a redirect, a `Location`, a `Link`, a layer's `urls`. Relative ones are resolved
 * against `base`, the URL that the server answered for. Throws `INVALID_DATA` unless it
 *
 * - is http or https, and https if `base` is;
 * - holds no user name or password;
 * - has a public host, as far as its text says: no loopback, private, link-local or reserved IP address and not `localhost`,
 *   however it is written. Excepted are the named host and port itself; other loopback addresses if the named host is loopback,
 *   and other private addresses if it is a private address, so that a registry for development or within a company can have
 *   its token service on another port or machine; and `trustedHosts`. Names are not looked up.
 */
export function checkServerUrl(url: string | URL, base: URL, options: ServerUrlOptions): URL {
  const refuse = (why: string): ImageError => new ImageError('INVALID_DATA', `${options.what}: ${why}`)
  const parsed = URL.parse(typeof url === 'string' ? url : url.href, base.href)
  if (parsed === null) throw refuse(`"${redactText(String(url), { max: 100 })}" is not a URL`)
  const shown = redactUrl(parsed)
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    throw refuse(`${shown} is refused, only http and https URLs are followed`)
  }
  if (base.protocol === 'https:' && parsed.protocol === 'http:') {
    throw refuse(`${shown} is refused, it leads from https to plain http`)
  }
  if (parsed.username !== '' || parsed.password !== '') {
    throw refuse(`${shown} is refused, it carries a user name or password`)
  }
  if (!mayBeNamed(parsed, options.named ?? base, options.trustedHosts ?? [])) {
    throw refuse(
      `${shown} is refused, a server may not lead to a ${addressKind(parsed.hostname)} address; ` +
        `if this is right, add "${hostAndPort(parsed)}" to trustedHosts`,
    )
  }
  parsed.hash = ''
  return parsed
}

function mayBeNamed(url: URL, named: URL, trustedHosts: readonly string[]): boolean {
  const kind = addressKind(url.hostname)
  if (kind === 'public' || hostAndPort(url) === hostAndPort(named)) return true
  if (kind !== 'link-local' && kind !== 'reserved' && addressKind(named.hostname) === kind) return true
  return trustedHosts.some((host) => host === url.hostname || host === hostAndPort(url))
}
