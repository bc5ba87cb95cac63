import { ImageError } from '@crossdock/core'
import { raceSignal } from '@crossdock/streams'
import { createAnswerer, type Answer } from './auth-answer.ts'
import { parseChallenges } from './challenge.ts'
import { failureText } from './failure-text.ts'
import type { HttpHandler, HttpLayer, HttpRequest, HttpResponse } from './http.ts'
import type { ResolvedOptions } from './options.ts'
import { chooseScheme, type Scheme } from './scheme.ts'

/** What is known of one origin. */
interface Host {
  scheme: Scheme | undefined
  /** Bearer was asked for once: the password itself is not given any more. */
  bearer: boolean
  /** The first request, which finds out what the host asks for while the others wait. */
  learning: Promise<void> | undefined
  known: boolean
}

/** One try with what is cached or learnt, one with something fresh, and one where the scopes asked for grew between. */
const MAX_SENDS = 3

/**
 * Answers 401: sends what the host asked for the last time, and on a challenge a fresh answer, never in a loop. Credentials go
 * to the origin of the request alone, and to the token service that it names.
 */
export function authLayer(options: ResolvedOptions): HttpLayer {
  return (next) => {
    const hosts = new Map<string, Host>()
    const answerer = createAnswerer(next, options)
    return async (request) => {
      if (request.anonymous === true || provesItself(request)) return await next(request)
      if (request.base !== undefined && request.base.origin !== request.url.origin)
        return await sendForeign(next, request)
      const host = hosts.get(request.url.origin) ?? {
        scheme: undefined,
        bearer: false,
        learning: undefined,
        known: false,
      }
      hosts.set(request.url.origin, host)
      return await learnOnce(host, request, () => authenticate({ host, request, next, answerer }))
    }
  }
}

function provesItself({ headers, sign }: HttpRequest): boolean {
  return sign !== undefined || headers?.['authorization'] !== undefined
}

/** Parallel first requests would all be refused; all but one wait for what the first one is told. */
async function learnOnce<Value>(host: Host, request: HttpRequest, send: () => Promise<Value>): Promise<Value> {
  if (host.known) return await send()
  if (host.learning !== undefined) {
    await raceSignal(host.learning, request.signal)
    return await send()
  }
  // A body may be the answer to another request, which would wait for this one.
  if (request.body !== undefined) return await send()
  const { promise, resolve } = Promise.withResolvers<void>()
  host.learning = promise
  try {
    return await send()
  } finally {
    host.known = true
    host.learning = undefined
    resolve()
  }
}

interface Attempt {
  readonly host: Host
  readonly request: HttpRequest
  readonly next: HttpHandler
  readonly answerer: ReturnType<typeof createAnswerer>
}

async function authenticate(attempt: Attempt): Promise<HttpResponse> {
  const { host, request, next, answerer } = attempt
  let sent = host.scheme === undefined ? undefined : await answerer.prepare(host.scheme, request)
  for (let sends = 1; ; sends += 1) {
    const given = sends === 1 ? request.refused : undefined
    const response = given ?? (await sendAs(sent, request, next))
    if (response.status !== 401) return response
    try {
      if (response.url.origin !== request.url.origin) throw await foreign(request, response)
      const scheme = await findScheme(attempt, response)
      host.scheme = scheme
      host.bearer ||= scheme.kind === 'bearer'
      const answer = sends < MAX_SENDS ? await answerer.answer(scheme, request, sent) : undefined
      if (answer === undefined) throw await refused(request, response, sent !== undefined)
      sent = answer
    } finally {
      await response.discard()
    }
  }
}

async function sendAs(answer: Answer | undefined, request: HttpRequest, next: HttpHandler): Promise<HttpResponse> {
  const response = await next(withAuthorization(request, answer))
  return { ...response, secrets: answer?.secrets, authorization: answer?.header }
}

function withAuthorization(request: HttpRequest, answer: Answer | undefined): HttpRequest {
  if (answer === undefined) return request
  return { ...request, headers: { ...request.headers, authorization: answer.header } }
}

/** Some registries challenge on `/v2/` only. */
async function findScheme({ host, request, next }: Attempt, response: HttpResponse): Promise<Scheme> {
  let challenges = parseChallenges(response.headers.all('www-authenticate'))
  if (challenges.length === 0) {
    const { what, side, signal, onProgress } = request
    const url = new URL('/v2/', request.url)
    const ping = await next({
      method: 'GET',
      url,
      what: `${what}: ping`,
      side,
      signal,
      onProgress,
      followRedirects: false,
    })
    await ping.discard()
    if (ping.status === 401) challenges = parseChallenges(ping.headers.all('www-authenticate'))
  }
  const scheme = chooseScheme(challenges, request)
  if (scheme === undefined)
    throw await unanswerable(
      request,
      response,
      challenges.map(({ scheme: name }) => name),
    )
  if (scheme.kind === 'basic' && host.bearer) {
    throw new ImageError(
      'UNAUTHENTICATED',
      `${request.what}: ${request.url.host} asked for a token before and now for the password itself, which is not sent`,
      { side: request.side },
    )
  }
  return scheme
}

async function unanswerable(
  request: HttpRequest,
  response: HttpResponse,
  schemes: readonly string[],
): Promise<ImageError> {
  return unauthenticated(
    request,
    `${request.url.host} refused access ${howAsked(schemes)}: ${await failureText(response, request.signal)}`,
  )
}

function howAsked(schemes: readonly string[]): string {
  if (schemes.length === 0) return 'without saying how to log in'
  if (schemes.includes('bearer')) return 'asking for a token in a way that cannot be read'
  return `asking for ${[...new Set(schemes)].slice(0, 5).join(', ').slice(0, 80)}, which is not known`
}

async function refused(request: HttpRequest, response: HttpResponse, answered: boolean): Promise<ImageError> {
  const { host } = request.url
  const text = await failureText(response, request.signal)
  return unauthenticated(
    request,
    answered
      ? `${host} did not accept the credentials: ${text}; check that they are right and allow this, or log in to ${host} again`
      : `${host} asks for credentials and there are none: ${text}; log in to ${host} first`,
  )
}

async function foreign(request: HttpRequest, response: HttpResponse): Promise<ImageError> {
  const text = await failureText(response, request.signal)
  const named = (request.base ?? request.url).host
  return unauthenticated(
    request,
    `${response.url.host}, where ${named} led, asks for credentials, and those for ${named} are not sent there: ${text}`,
  )
}

async function sendForeign(next: HttpHandler, request: HttpRequest): Promise<HttpResponse> {
  const response = await next(request)
  if (response.status === 401) throw await foreign(request, response)
  return response
}

function unauthenticated(request: HttpRequest, why: string): ImageError {
  return new ImageError('UNAUTHENTICATED', `${request.what}: ${why}`, { side: request.side })
}
