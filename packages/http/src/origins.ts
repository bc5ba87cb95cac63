import { createDirectOrigin } from './direct/direct-origin.ts'
import type { HttpHandler } from './http.ts'
import type { ResolvedOptions, TlsOptions } from './options.ts'
import { proxyFor } from './proxy.ts'

/** The connections to one origin. */
export interface Origin {
  /** One request, one answer, over HTTP/1.1. */
  readonly send: HttpHandler
  /** Begins connections ahead of the requests that will need them, until so many are free. */
  warm(count: number): void
  /** Ends the connections that nobody uses. */
  cool(): void
  /** Ends every connection. */
  end(): Promise<void>
}

export interface Origins {
  /** `base` is what the user named, where `url` came from a server: its certificate authorities count there, too. */
  get(url: URL, base: URL | undefined): Promise<Origin>
  /** Ends every connection; the next `get` begins anew. */
  close(): Promise<void>
}

/** One set of connections for each origin: direct ones, or through the proxy that is set for it. */
export function createOrigins(options: ResolvedOptions): Origins {
  const origins = new Map<string, Promise<Origin>>()
  return {
    get(url, base) {
      const foreign = base !== undefined && base.origin !== url.origin
      const key = foreign ? `${url.origin} for ${base.origin}` : url.origin
      const known = origins.get(key)
      if (known !== undefined) return known
      const origin = createOrigin(url, foreign ? base : undefined, options)
      origins.set(key, origin)
      origin.catch(() => origins.delete(key)) // the next request asks again
      return origin
    },
    async close() {
      const open = [...origins.values()]
      origins.clear()
      await Promise.all(open.map((origin) => origin.then((known) => known.end()).catch(() => undefined)))
    },
  }
}

async function createOrigin(url: URL, base: URL | undefined, options: ResolvedOptions): Promise<Origin> {
  const tls = await tlsFor(url, base, options)
  const proxy = proxyFor(url, options.proxy, options.env)
  if (proxy === undefined) return createDirectOrigin({ url, tls, options })
  const { createProxiedOrigin } = await import('./proxied/proxied-origin.ts')
  return createProxiedOrigin({ proxy, tls, options })
}

/** Never the client certificate of another host: a server could have it presented wherever it likes. */
async function tlsFor(url: URL, base: URL | undefined, options: ResolvedOptions): Promise<TlsOptions> {
  const own = url.protocol === 'https:' ? await options.tls(url) : undefined
  if (own !== undefined || base === undefined) return own ?? {}
  const { ca, rejectUnauthorized } = (await options.tls(base)) ?? {}
  return { ca, rejectUnauthorized }
}
