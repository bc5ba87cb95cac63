import type { RktConfig, RktCredentials } from './rkt-config.ts'

/**
 * The credentials for a URL; undefined if there are none, and for everything but https: rkt sends them in the clear when discovery falls back to
 * http. The host must be named as it is, with its port unless that is 443; what is said of a domain does not count for its sub-domains.
 */
export function rktCredentials({ auth }: Pick<RktConfig, 'auth'>, url: URL): RktCredentials | undefined {
  if (url.protocol !== 'https:') return undefined
  const found = auth.get(url.host) ?? (url.port === '' ? auth.get(`${url.host}:443`) : undefined)
  return found?.credentials
}
