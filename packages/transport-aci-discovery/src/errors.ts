import { ImageError, type ImageErrorCode } from '@crossdock/core'
import { failureText, type HttpResponse, redactUrl } from '@crossdock/http'

export interface RefusalContext {
  /** `the discovery page`. */
  readonly what: string
  readonly signal?: AbortSignal | undefined
}

/** What a server answered in place of a page, as an error of the contract. Reads the body, 64 KiB at most. */
export async function refusalError(response: HttpResponse, { what, signal }: RefusalContext): Promise<ImageError> {
  const said = await failureText(response, signal)
  return new ImageError(codeOf(response.status), `${what}: ${redactUrl(response.url)}: ${said}`, { side: 'source' })
}

function codeOf(status: number): ImageErrorCode {
  if (status === 401) return 'UNAUTHENTICATED'
  if (status === 403) return 'FORBIDDEN'
  if (status === 429) return 'RATE_LIMITED'
  if (status >= 500 || status === 408) return 'UNAVAILABLE'
  return status >= 400 ? 'NOT_FOUND' : 'INVALID_DATA'
}
