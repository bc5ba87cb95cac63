import { ImageError } from '@crossdock/core'
import { basicHeader, createCredentialsStore, sameCredentials, secretsOf } from './credentials.ts'
import type { HttpHandler, HttpRequest } from './http.ts'
import type { Credentials, ResolvedOptions } from './options.ts'
import type { Scheme } from './scheme.ts'
import { mergeScopes, scopeRepository } from './scope.ts'
import { checkServerUrl } from './server-url.ts'
import { createTokenStore } from './token.ts'

/** An `Authorization` header and what it was made of. */
export interface Answer {
  readonly header: string
  readonly scopes: readonly string[]
  /** Whether it may be refused for its age alone. */
  readonly cached: boolean
  readonly token?: string | undefined
  readonly credentials?: Credentials | undefined
  /** What of it is never to be shown. */
  readonly secrets: readonly string[]
}

export interface Answerer {
  /** For a host whose scheme is known: undefined if there is nothing to send. */
  prepare(scheme: Scheme, request: HttpRequest): Promise<Answer | undefined>
  /** For a challenge; undefined if nothing is left to try beyond `sent`. */
  answer(scheme: Scheme, request: HttpRequest, sent: Answer | undefined): Promise<Answer | undefined>
}

export function createAnswerer(next: HttpHandler, options: ResolvedOptions): Answerer {
  const credentialsFor = createCredentialsStore(options)
  const tokenFor = createTokenStore(next, options.clock)
  const scopesFor = createLearntScopes()

  async function basic(request: HttpRequest, sent: Answer | undefined): Promise<Answer | undefined> {
    const { url, signal } = request
    const refused = sent?.credentials
    const credentials = await credentialsFor({ url, repository: scopeRepository(request.scopes), signal, refused })
    if (credentials === undefined || !('password' in credentials)) return undefined
    if (refused !== undefined && sameCredentials(credentials, refused)) return undefined
    const header = basicHeader(credentials.username, credentials.password)
    return { header, scopes: [], cached: true, credentials, secrets: secretsOf(credentials) }
  }

  async function bearer(scheme: BearerScheme, request: HttpRequest, sent: Answer | undefined): Promise<Answer> {
    const { url, signal } = request
    const repository = scopeRepository(request.scopes)
    const credentials = await credentialsFor({ url, repository, signal })
    if (credentials !== undefined && 'registryToken' in credentials)
      return registryAnswer(credentials.registryToken, request)
    const scopes = scopesFor(scheme, request)
    const found = await tokenFor({
      registry: url,
      realm: realmOf(scheme, request, options),
      service: scheme.service,
      scopes,
      mainScope: mergeScopes(request.scopes ?? scheme.scopes)[0],
      repository,
      credentials,
      request,
      refused: sent?.token,
    })
    return {
      header: `Bearer ${found.value}`,
      scopes,
      cached: found.cached,
      token: found.value,
      credentials,
      secrets: [found.value, ...secretsOf(credentials)],
    }
  }

  return {
    async prepare(scheme, request) {
      if (scheme.kind === 'basic') return await basic(request, undefined)
      // The scopes of the last challenge were another request's.
      return await bearer({ ...scheme, scopes: [] }, request, undefined)
    },
    async answer(scheme, request, sent) {
      if (scheme.kind === 'basic') return await basic(request, sent)
      const grown = scopesFor(scheme, request).some((scope) => sent?.scopes.includes(scope) === false)
      if (sent !== undefined && !sent.cached && !grown) return undefined
      return await bearer(scheme, request, sent)
    },
  }
}

type BearerScheme = Scheme & { readonly kind: 'bearer' }

/** The scopes for a request: its own, and what the host asked for beyond them, now or of a request like it. */
function createLearntScopes(): (scheme: BearerScheme, request: HttpRequest) => readonly string[] {
  const learnt = new Map<string, readonly string[]>()
  return (scheme, request) => {
    const own = request.scopes ?? []
    const key = JSON.stringify([request.url.origin, own])
    const scopes = mergeScopes([...scheme.scopes, ...(learnt.get(key) ?? []), ...own])
    if (scheme.scopes.length > 0) learnt.set(key, scopes)
    return scopes
  }
}

function registryAnswer(token: string, request: HttpRequest): Answer {
  if (/^[\x21-\x7e]+$/.test(token)) {
    return { header: `Bearer ${token}`, scopes: request.scopes ?? [], cached: false, secrets: [token] }
  }
  throw new ImageError('INVALID_DATA', `the stored token for ${request.url.host} is not a token: log in again`)
}

/** A realm must be absolute: a relative one is a mistake that is better seen. */
function realmOf(scheme: BearerScheme, request: HttpRequest, options: ResolvedOptions): URL {
  const what = `${request.what}: the token service that ${request.url.host} names`
  const realm = URL.parse(scheme.realm)
  if (realm === null) throw new ImageError('INVALID_DATA', `${what} is not an absolute URL`, { side: request.side })
  return checkServerUrl(realm, request.url, { what, trustedHosts: options.trustedHosts })
}
