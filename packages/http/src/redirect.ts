import { ImageError } from '@crossdock/core'
import type { HttpLayer, HttpRequest, HttpResponse } from './http.ts'
import { redactUrl } from './redact.ts'
import { checkServerUrl } from './server-url.ts'

const MAX_REDIRECTS = 10
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** What belongs to one origin and never follows to another. */
const ORIGIN_HEADERS: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization'])

export interface RedirectOptions {
  readonly trustedHosts: readonly string[]
}

/** Follows redirects of GET and HEAD. A credential that was dropped on the way to another origin does not come back. */
export function redirectLayer({ trustedHosts }: RedirectOptions): HttpLayer {
  return (next) => async (request) => {
    const named = request.base ?? request.url
    if (request.base !== undefined) checkServerUrl(request.url, request.base, { what: request.what, trustedHosts })
    const seen = new Set<string>()
    let current = request
    for (;;) {
      const response = await next(current)
      if (!follows(request, response)) return response
      await response.discard()
      seen.add(current.url.href)
      const url = checkServerUrl(location(response, request), current.url, {
        what: `${request.what}: the redirect of ${redactUrl(current.url)}`,
        named,
        trustedHosts,
      })
      if (seen.has(url.href)) throw problem(request, `${redactUrl(url)} redirects in a loop`)
      if (seen.size > MAX_REDIRECTS) throw problem(request, `more than ${MAX_REDIRECTS} redirects`)
      const sign = url.origin === current.url.origin ? current.sign : undefined
      current = { ...current, url, base: named, headers: headersFor(current, url), sign }
    }
  }
}

function follows(request: HttpRequest, response: HttpResponse): boolean {
  const wanted = request.followRedirects ?? (request.method === 'GET' || request.method === 'HEAD')
  return wanted && REDIRECTS.has(response.status)
}

function location(response: HttpResponse, request: HttpRequest): string {
  const [first] = response.headers.all('location')
  if (first !== undefined && first !== '') return first
  throw problem(request, `${redactUrl(response.url)} redirects (status ${response.status}) without saying where to`)
}

function headersFor(request: HttpRequest, url: URL): HttpRequest['headers'] {
  if (request.headers === undefined || request.url.origin === url.origin) return request.headers
  return Object.fromEntries(Object.entries(request.headers).filter(([name]) => !ORIGIN_HEADERS.has(name.toLowerCase())))
}

function problem(request: HttpRequest, why: string): ImageError {
  return new ImageError('INVALID_DATA', `${request.what}: ${why}`, { side: request.side })
}
