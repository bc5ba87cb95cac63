import { ImageError } from '@crossdock/core'
import { type HttpResponse, linkTarget, redactUrl } from '@crossdock/http'
import { namedUrl } from './named-url.ts'
import type { Repository, RepositoryRequest } from './repository.ts'

/** More pages than any list has; a server that never ends is left. */
const MAX_PAGES = 10_000

export interface Pages {
  /**
   * The request for the page after this answer; undefined if it is the last one or was there before. Throws `INVALID_DATA` if
   * it is said to be at another host, and `LIMIT_EXCEEDED`.
   */
  next(response: HttpResponse): RepositoryRequest | undefined
}

/** Follows `Link: <…>; rel="next"` (distribution-spec, "Listing Tags") at the same host. */
export function createPages(repository: Repository, first: RepositoryRequest): Pages {
  const seen = new Set<string>()
  return {
    next: (response) => {
      seen.add(response.url.href)
      const target = linkTarget(response.headers, 'next')
      if (target === undefined) return undefined
      const url = namedUrl(target, response.url)
      const { what, side, image } = repository.context(first)
      if (url?.origin !== response.url.origin) {
        const place = url === undefined ? 'no URL' : redactUrl(url)
        throw new ImageError(
          'INVALID_DATA',
          `${what}: the next page is said to be at ${place}, which is not followed`,
          { side, image },
        )
      }
      if (seen.has(url.href)) return undefined
      if (seen.size >= MAX_PAGES) {
        throw new ImageError('LIMIT_EXCEEDED', `${what}: more than ${MAX_PAGES} pages`, { side, image })
      }
      const { query: _, path: __, ...rest } = first
      return { ...rest, url }
    },
  }
}
