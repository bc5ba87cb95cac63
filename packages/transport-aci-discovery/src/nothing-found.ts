import { ImageError } from '@crossdock/core'
import { type AppName, formatAppName } from '@crossdock/formats'
import { redactUrl } from '@crossdock/http'
import type { DiscoveryPage } from './client/discover.ts'

/**
 * Why a name leads nowhere, page by page. `NOT_FOUND` if every server answered that it has nothing, else the code of the first page that failed otherwise: it
 * may have had something.
 */
export function nothingFound(app: AppName, what: 'image' | 'key', pages: readonly DiscoveryPage[]): ImageError {
  const codes = pages.map(
    ({ problem, skipped }) => problem?.code ?? (skipped.length > 0 ? 'INVALID_DATA' : 'NOT_FOUND'),
  )
  const reasons = pages.flatMap(({ url, problem, skipped }) => {
    if (problem !== undefined) return [problem.message]
    return skipped.length > 0
      ? skipped.map((reason) => `${redactUrl(url)}: ${reason}`)
      : [`${redactUrl(url)} names none`]
  })
  return new ImageError(
    codes.find((code) => code !== 'NOT_FOUND') ?? 'NOT_FOUND',
    `no ${what} is found by the name ${formatAppName(app)}; asked were: ${reasons.join('; ')}`,
    { side: 'source' },
  )
}
