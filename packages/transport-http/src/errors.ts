import { ImageError, type ImageErrorCode } from '@crossdock/core'
import { failureText, type HttpResponse, redactUrl } from '@crossdock/http'

export interface RefusalContext {
  /** `the archive https://example.com/app.tar`. */
  readonly what: string
  readonly signal?: AbortSignal | undefined
}

const BY_STATUS: ReadonlyMap<number, ImageErrorCode> = new Map([
  [401, 'UNAUTHENTICATED'],
  [403, 'FORBIDDEN'],
  [404, 'NOT_FOUND'],
  [407, 'UNAUTHENTICATED'],
  [408, 'UNAVAILABLE'],
  [410, 'NOT_FOUND'],
  [425, 'UNAVAILABLE'],
  [429, 'RATE_LIMITED'],
  [451, 'FORBIDDEN'],
  [501, 'UNSUPPORTED'],
  [505, 'UNSUPPORTED'],
])

const ADVICE: Partial<Record<ImageErrorCode, string>> = {
  NOT_FOUND: 'check the URL',
  UNAUTHENTICATED: 'give credentials for this host; they are sent over https alone',
  FORBIDDEN: 'check that the account may read it',
  RATE_LIMITED: 'try again later',
  UNAVAILABLE: 'try again later',
}

/** What a server answered in place of the content, as an error of the contract. Reads the body, 64 KiB at most. */
export async function refusalError(response: HttpResponse, { what, signal }: RefusalContext): Promise<ImageError> {
  const code = BY_STATUS.get(response.status) ?? (response.status >= 500 ? 'UNAVAILABLE' : 'INVALID_DATA')
  const said = await failureText(response, signal)
  const advice = ADVICE[code]
  return new ImageError(
    code,
    `${what}: ${redactUrl(response.url)}: ${said}${advice === undefined ? '' : `; ${advice}`}`,
    { side: 'source', retryable: response.exhausted !== true && (code === 'UNAVAILABLE' || code === 'RATE_LIMITED') },
  )
}

/** Whether the server has nothing there. */
export function isMissing({ status }: Pick<HttpResponse, 'status'>): boolean {
  return status === 404 || status === 410
}

/** Whether the server wants to know who asks, or takes it for somebody else. */
export function isUnauthenticated({ status }: Pick<HttpResponse, 'status'>): boolean {
  return status === 401
}

/** Whether the server asks to come back when it has made what is asked for. */
export function isDeferred({ status }: Pick<HttpResponse, 'status'>): boolean {
  return status === 202
}

export function isWhole({ status }: Pick<HttpResponse, 'status'>): boolean {
  return status === 200
}

export function isPart({ status }: Pick<HttpResponse, 'status'>): boolean {
  return status === 206
}

export function isNotModified({ status }: Pick<HttpResponse, 'status'>): boolean {
  return status === 304
}

/** Whether there is nothing from the byte on that was asked for. */
export function isPastTheEnd({ status }: Pick<HttpResponse, 'status'>): boolean {
  return status === 416
}
