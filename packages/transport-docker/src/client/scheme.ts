import type { HttpRequest, HttpResponse } from '@crossdock/http'
import { createInFlight, delay, raceSignal } from '@crossdock/streams'
import { greet } from './tls-greeting.ts'

export type UrlScheme = 'https' | 'http'

export interface SchemeSettings {
  /** Whether plain HTTP may be spoken to this host. Undefined: to loopback ones. */
  readonly insecure: (host: string) => boolean | undefined
  /** How long https is waited for once a plain answer is there. Default: 300. */
  readonly headStartMs?: number | undefined
  /** Told once for each host that had to be asked. */
  readonly onFound?: ((host: string, scheme: UrlScheme) => void) | undefined
}

/** Sends one request that changes nothing, in one of the schemes. */
export type Attempt = (scheme: UrlScheme, how: AttemptOptions) => Promise<HttpResponse>

export interface AttemptOptions {
  readonly signal: AbortSignal | undefined
  /** To be sent once, without noise, and over http without credentials: nobody knows yet whom it reaches. */
  readonly trial: boolean
  /** What the same request was refused with when it carried no credentials. */
  readonly refused?: HttpResponse | undefined
}

/** Finds out, once for each host, how a registry is spoken to. `host` is that of the API, with its port. */
export interface SchemeFinder {
  /** Undefined for a host that has to be asked first. */
  known(host: string): UrlScheme | undefined
  /** Sends the request to the host; the first one to a host also finds out the scheme, and costs nothing more for that. */
  send(host: string, attempt: Attempt, signal?: AbortSignal): Promise<HttpResponse>
  /** For requests that cannot be tried: asks with another one, in plain HTTP only if the greeting of TLS does not tell. */
  find(host: string, ping: Attempt, signal?: AbortSignal): Promise<UrlScheme>
}

/** `https://registry-1.docker.io/v2/`. */
export function apiUrl(scheme: UrlScheme, host: string): URL {
  return new URL(`${scheme}://${host}/v2/`)
}

/** The request as an attempt sends it. */
export function attempted(request: HttpRequest, { signal, trial, refused }: AttemptOptions): HttpRequest {
  if (!trial) return { ...request, signal, refused }
  const tried: HttpRequest = { ...request, signal, attempts: 1, onProgress: undefined }
  return request.url.protocol === 'https:' ? tried : { ...tried, anonymous: true, followRedirects: false }
}

const LOOPBACK = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(?::\d+)?$/i
/** OpenSSL's names for "this is not TLS". */
const NOT_TLS = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/
const ANY_TLS = /^ERR_(?:SSL|TLS)_|CERT|SELF_SIGNED|UNABLE_TO_/

/**
 * Hosts that must speak TLS are not asked anything. The others get the first request in both schemes at once (hosts of this
 * machine a greeting instead of the one in https, which needs no certificates to be loaded), and https is preferred: a plain
 * answer counts when the server has shown that it does not speak TLS, or has been silent about it for a moment.
 */
export function createSchemeFinder({ insecure, headStartMs = 300, onFound }: SchemeSettings): SchemeFinder {
  const found = new Map<string, UrlScheme>()
  const asking = createInFlight<string, Outcome>()

  function known(host: string): UrlScheme | undefined {
    return found.get(host) ?? ((insecure(host) ?? LOOPBACK.test(host)) ? undefined : 'https')
  }

  async function ask(host: string, attempt: Attempt, race: Omit<Race, 'headStartMs'>): Promise<Outcome> {
    const outcome = await tryBoth(host, attempt, { ...race, headStartMs })
    // A host that does not answer at all may do so later.
    if (outcome.scheme !== undefined) learn(host, outcome.scheme)
    return outcome
  }

  function learn(host: string, scheme: UrlScheme): void {
    found.set(host, scheme)
    onFound?.(host, scheme)
  }

  /** In https to a host that has not shown in time what it speaks. */
  async function inEarnest(host: string, attempt: Attempt, how: Omit<AttemptOptions, 'trial'>): Promise<HttpResponse> {
    const scheme = known(host)
    if (scheme !== undefined) return await attempt(scheme, { ...how, trial: false })
    try {
      return await attempt('https', { ...how, trial: false })
    } catch (error) {
      if (!NOT_TLS.test(causeCode(error))) throw error
      learn(host, 'http')
      return await attempt('http', { ...how, trial: false })
    }
  }

  return {
    known,
    async send(host, attempt, signal) {
      const scheme = known(host)
      if (scheme !== undefined) return await attempt(scheme, { signal, trial: false })
      let outcome: Outcome | undefined
      await asking.run(host, async (shared) => (outcome = await ask(host, attempt, { signal: shared, atOnce: true })), {
        signal,
      })
      // Of requests that wait for another one's outcome each is still to be sent.
      const { answer, refused } = outcome ?? {}
      return answer ?? (await inEarnest(host, attempt, { signal, refused }))
    },
    async find(host, ping, signal) {
      const scheme = known(host)
      if (scheme !== undefined) return scheme
      const { answer } = await asking.run(host, (shared) => ask(host, ping, { signal: shared, atOnce: false }), {
        signal,
      })
      await answer?.discard()
      return known(host) ?? 'https'
    },
  }
}

interface Outcome {
  /** Undefined: nobody answered. */
  readonly scheme: UrlScheme | undefined
  /** The answer to the request, if it need not be sent again. */
  readonly answer?: HttpResponse | undefined
  readonly refused?: HttpResponse | undefined
}

interface Race {
  readonly signal: AbortSignal
  readonly headStartMs: number
  /** Whether http is tried from the beginning, or only if https does not tell. */
  readonly atOnce: boolean
}

async function tryBoth(host: string, attempt: Attempt, { signal, headStartMs, atOnce }: Race): Promise<Outcome> {
  const stops = { https: new AbortController(), http: new AbortController() }
  const signals = {
    https: AbortSignal.any([signal, stops.https.signal]),
    http: AbortSignal.any([signal, stops.http.signal]),
  }
  const send = (scheme: UrlScheme): Promise<Verdict> =>
    judged(() => attempt(scheme, { trial: true, signal: signals[scheme] }))
  const secure = LOOPBACK.test(host) ? greeted(host, signals.https) : send('https')
  const plain = once(() => send('http'))
  const begun = atOnce ? plain() : Promise.resolve()
  const verdict = await raceSignal(inTime(secure, { headStartMs, begun }), signal)
  if (verdict?.kind === 'answer' || verdict?.kind === 'tls') {
    stops.http.abort()
    if (atOnce) dropLater(plain())
    return { scheme: 'https', answer: final(verdict.answer) }
  }
  stops.https.abort()
  dropLater(secure)
  if (verdict?.kind === 'plain' && !atOnce) return { scheme: 'http' }
  return plainOutcome(await raceSignal(plain(), signal), verdict?.kind === 'plain')
}

/** The verdict; undefined if the other attempt, which has `begun`, is over for so many milliseconds before it comes. */
async function inTime(
  verdict: Promise<Verdict>,
  { headStartMs, begun }: { readonly headStartMs: number; readonly begun: Promise<unknown> },
): Promise<Verdict | undefined> {
  const over = new AbortController()
  const late = begun.then(async () => {
    await delay(headStartMs, over.signal).catch(() => undefined)
    return undefined
  })
  try {
    return await Promise.race([verdict, late])
  } finally {
    over.abort() // a timer would keep the process
  }
}

function once<Value>(task: () => Promise<Value>): () => Promise<Value> {
  let running: Promise<Value> | undefined
  return () => (running ??= task())
}

function plainOutcome({ answer }: Verdict, isCertain: boolean): Outcome {
  if (answer === undefined) return { scheme: isCertain ? 'http' : undefined }
  if (answer.status === 401) return { scheme: 'http', refused: answer }
  // "You speak plain HTTP to a TLS port" is a 400, too.
  const isTls = answer.status === 400 && !isCertain
  return { scheme: isTls ? undefined : 'http', answer: isTls ? dropped(answer) : final(answer) }
}

/** Redirects and passing trouble are left to a request that is sent in earnest. */
function final(answer: HttpResponse | undefined): HttpResponse | undefined {
  if (answer === undefined) return undefined
  const { status } = answer
  const isPassing = status === 408 || status === 429 || (status >= 500 && status !== 501)
  const isFinal = (status < 300 || status >= 400) && !isPassing
  return isFinal ? answer : dropped(answer)
}

function dropped(answer: HttpResponse): undefined {
  void answer.discard()
}

/** `tls`: it speaks TLS, but the request failed; `plain`: it certainly does not; `silent`: nothing can be said. */
interface Verdict {
  readonly kind: 'answer' | 'tls' | 'plain' | 'silent'
  readonly answer?: HttpResponse | undefined
}

async function greeted(host: string, signal: AbortSignal): Promise<Verdict> {
  return { kind: await greet(host, { signal }).catch(() => 'silent' as const) }
}

async function judged(send: () => Promise<HttpResponse>): Promise<Verdict> {
  try {
    return { kind: 'answer', answer: await send() }
  } catch (error) {
    const code = causeCode(error)
    if (NOT_TLS.test(code)) return { kind: 'plain' }
    return { kind: ANY_TLS.test(code) ? 'tls' : 'silent' }
  }
}

function causeCode(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  return typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : ''
}

function dropLater(verdict: Promise<Verdict>): void {
  void verdict.then(({ answer }) => answer?.discard())
}
