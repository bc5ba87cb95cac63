/**
 * A URL that a registry named, resolved against the one it answered for; undefined if it is none. A registry behind a proxy that
 * ends TLS may call itself http: the same host stays with https.
 */
export function namedUrl(text: string, answered: URL): URL | undefined {
  const url = URL.parse(text, answered.href)
  if (url === null) return undefined
  if (answered.protocol !== 'https:' || url.protocol !== 'http:' || url.hostname !== answered.hostname) return url
  if (url.port !== '' && url.port !== answered.port) return url
  url.protocol = 'https:'
  url.port = answered.port
  return url
}
