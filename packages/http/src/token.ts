import { ImageError } from '@crossdock/core'
import { createInFlight, readBytes } from '@crossdock/streams'
import { TOKEN_USERNAME, basicHeader, secretsOf } from './credentials.ts'
import { failureText } from './failure-text.ts'
import type { HttpHandler, HttpRequest, HttpResponse } from './http.ts'
import type { Clock, Credentials } from './options.ts'
import { readTokenAnswer, type Token } from './token-answer.ts'

/** What a token is needed for. */
export interface TokenNeed {
  readonly registry: URL
  /** The token service; judged already. */
  readonly realm: URL
  readonly service: string | undefined
  readonly scopes: readonly string[]
  /** The scope to go on with if the service refuses them together. */
  readonly mainScope: string | undefined
  readonly repository: string | undefined
  readonly credentials: Credentials | undefined
  /** The request that needs it. */
  readonly request: HttpRequest
  /** A token that was just refused and shall not be given again. */
  readonly refused?: string | undefined
}

export interface FoundToken {
  readonly value: string
  /** Whether it had been fetched before, so that a refusal may only mean that it got old. */
  readonly cached: boolean
}

export type TokenStore = (need: TokenNeed) => Promise<FoundToken>

interface CachedToken {
  readonly value: string
  readonly expiresAt: number
  readonly lifetimeMs: number
}

const MAX_TOKEN_ANSWER_BYTES = 64 * 1024
const MAX_CACHED_TOKENS = 1000
/** Where a service does not know the OAuth 2 form, or does not for this token, it may know the older one. */
const TRY_GET: ReadonlySet<number> = new Set([400, 401, 404, 405])
/** How services that cannot grant several scopes at once answer. */
const TRY_ONE_SCOPE: ReadonlySet<number> = new Set([400, 401, 403])

/** Access tokens by registry, service and scopes; fetched once for all who need the same at the same time. */
export function createTokenStore(next: HttpHandler, clock: Clock): TokenStore {
  const cache = new Map<string, CachedToken>()
  const fetching = createInFlight<string, string>()

  async function fetchAndKeep(need: TokenNeed, key: string, signal: AbortSignal): Promise<string> {
    const sentAt = clock.now()
    const token = await fetchToken(next, { ...need, request: { ...need.request, signal } })
    // The oldest goes first: this is a bound on memory, not a policy.
    const [oldest] = cache.keys()
    if (cache.size >= MAX_CACHED_TOKENS && oldest !== undefined) cache.delete(oldest)
    cache.set(key, { ...token, expiresAt: sentAt + token.lifetimeMs })
    return token.value
  }

  return async (need) => {
    const { registry, realm, service, scopes, repository, request } = need
    const key = JSON.stringify([registry.origin, realm.href, service, scopes.toSorted(), repository])
    const known = cache.get(key)
    if (
      known !== undefined &&
      known.value !== need.refused &&
      known.expiresAt - marginMs(known, request) > clock.now()
    ) {
      return { value: known.value, cached: true }
    }
    const value = await fetching.run(key, (signal) => fetchAndKeep(need, key, signal), { signal: request.signal })
    return { value, cached: false }
  }
}

/** A token must outlast the request; an upload takes long and is dear to repeat, so it starts with a fresh one. */
function marginMs(token: CachedToken, request: HttpRequest): number {
  return request.body === undefined ? 5000 : Math.min(token.lifetimeMs / 2, 60_000)
}

async function fetchToken(next: HttpHandler, need: TokenNeed): Promise<Token> {
  let response = await ask(next, need)
  if (TRY_ONE_SCOPE.has(response.status) && need.scopes.length > 1 && need.mainScope !== undefined) {
    await response.discard()
    response = await ask(next, { ...need, scopes: [need.mainScope] })
  }
  const service = `the token service ${need.realm.host} of ${need.registry.host}`
  if (response.status !== 200) throw await refusal(response, service, need)
  const what = `${need.request.what}: the answer of ${service}`
  const bytes = await readBytes(response.body, { limitBytes: MAX_TOKEN_ANSWER_BYTES, what })
  const token = readTokenAnswer(bytes)
  if (typeof token !== 'string') return token
  throw new ImageError('INVALID_DATA', `${need.request.what}: ${service} cannot be used: ${token}`, {
    side: need.request.side,
  })
}

async function ask(next: HttpHandler, need: TokenNeed): Promise<HttpResponse> {
  const { credentials } = need
  if (credentials !== undefined && 'identityToken' in credentials) {
    const response = await next(postRequest(need, credentials.identityToken))
    if (!TRY_GET.has(response.status)) return response
    await response.discard()
    return await next(getRequest(need, basicHeader(credentials.username ?? TOKEN_USERNAME, credentials.identityToken)))
  }
  const password = credentials !== undefined && 'password' in credentials ? credentials : undefined
  return await next(getRequest(need, password && basicHeader(password.username, password.password)))
}

function getRequest(need: TokenNeed, authorization: string | undefined): HttpRequest {
  const url = new URL(need.realm)
  if (need.service !== undefined) url.searchParams.append('service', need.service)
  for (const scope of need.scopes) url.searchParams.append('scope', scope)
  return {
    ...tokenRequest(need, url),
    method: 'GET',
    ...(authorization !== undefined && { headers: { authorization } }),
  }
}

function postRequest(need: TokenNeed, identityToken: string): HttpRequest {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: 'crossdock',
    refresh_token: identityToken,
  })
  if (need.service !== undefined) form.append('service', need.service)
  if (need.scopes.length > 0) form.append('scope', need.scopes.join(' '))
  return {
    ...tokenRequest(need, need.realm),
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(form.toString()),
  }
}

function tokenRequest({ request, registry }: TokenNeed, url: URL): Omit<HttpRequest, 'method'> {
  const { what, side, signal, onProgress } = request
  const wholeUpToBytes = MAX_TOKEN_ANSWER_BYTES
  return { url, base: registry, what: `${what}: token`, side, signal, onProgress, idempotent: true, wholeUpToBytes }
}

async function refusal(response: HttpResponse, service: string, need: TokenNeed): Promise<ImageError> {
  const { what, side, signal } = need.request
  const said = await failureText({ ...response, secrets: secretsOf(need.credentials) }, signal)
  const text = `${what}: ${service} refused: ${said}`
  const retryable = response.exhausted === true ? false : undefined
  if (response.status === 429) return new ImageError('RATE_LIMITED', text, { side, retryable })
  if (response.status >= 500 || response.status === 408) return new ImageError('UNAVAILABLE', text, { side, retryable })
  if (response.status === 403) return new ImageError('FORBIDDEN', text, { side })
  const hint = need.credentials === undefined ? 'log in to' : 'check the stored credentials for'
  return new ImageError('UNAUTHENTICATED', `${text}; ${hint} ${need.registry.host}`, { side })
}
