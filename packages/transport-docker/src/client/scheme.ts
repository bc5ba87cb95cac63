import type { HttpClient } from '@crossdock/http'
import { raceSignal } from '@crossdock/streams'

export type UrlScheme = 'https' | 'http'

export interface SchemeSettings {
  /** A client that tries once and takes any certificate: only the kind of server is looked for. */
  readonly createProbe: () => HttpClient
  /** Whether plain HTTP may be spoken to this host, besides loopback ones. */
  readonly insecure: (host: string) => boolean
  /** How long https is waited for before http is tried beside it. Default: 300. */
  readonly headStartMs?: number | undefined
}

/** Finds out, once for each host, how a registry is spoken to. `host` is that of the API, with its port. */
export interface SchemeFinder {
  find(host: string, signal?: AbortSignal): Promise<UrlScheme>
}

const LOOPBACK = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(?::\d+)?$/i
/** OpenSSL's names for "this is not TLS". */
const NOT_TLS = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/

/**
 * Hosts that must speak TLS are not asked anything. At the others https is tried first. A server that answers the greeting in
 * plain text is a plain one, and was sent no request. One that is silent is asked in plain HTTP, too, after a moment: a server
 * that waits for the end of the greeting costs that moment, and a slow TLS server is not mistaken for a plain one, since the
 * first that really answers is taken.
 */
export function createSchemeFinder(settings: SchemeSettings): SchemeFinder {
  const found = new Map<string, UrlScheme>()
  return {
    find: async (host, signal) => {
      const known = found.get(host)
      if (known !== undefined) return known
      if (!LOOPBACK.test(host) && !settings.insecure(host)) return 'https'
      const scheme = await race(host, settings, signal)
      // A host that does not answer at all may do so later; the request itself then says what is wrong.
      if (scheme !== undefined) found.set(host, scheme)
      return scheme ?? 'https'
    },
  }
}

async function race(
  host: string,
  { createProbe, headStartMs = 300 }: SchemeSettings,
  signal: AbortSignal | undefined,
): Promise<UrlScheme | undefined> {
  signal?.throwIfAborted()
  const http = createProbe()
  const stop = new AbortController()
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal])
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    const answered = new Promise<UrlScheme | undefined>((resolve) => {
      const plain = once(async () => {
        const answer = await ping(http, new URL(`http://${host}/v2/`), either)
        if (answer === 'yes') resolve('http')
        return answer
      })
      const secure = async (): Promise<void> => {
        const answer = await ping(http, new URL(`https://${host}/v2/`), either)
        if (answer !== 'no') resolve(answer === 'yes' ? 'https' : 'http')
        else if ((await plain()) === 'no') resolve(undefined)
      }
      timer = setTimeout(() => void plain(), headStartMs)
      void secure()
    })
    return await raceSignal(answered, signal)
  } finally {
    clearTimeout(timer)
    stop.abort()
    await http.close()
  }
}

/** Whether there is a server of this scheme, whatever it answers; `plain` if it cannot be one of TLS. */
async function ping(http: HttpClient, url: URL, signal: AbortSignal): Promise<'yes' | 'no' | 'plain'> {
  try {
    const response = await http.request({
      method: 'GET',
      url,
      what: `the registry ${url.host}`,
      anonymous: true,
      idempotent: false,
      followRedirects: false,
      signal,
    })
    await response.discard()
    // "You speak plain HTTP to a TLS port" is a 400.
    return url.protocol === 'https:' || response.status !== 400 ? 'yes' : 'no'
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined
    const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : ''
    return NOT_TLS.test(code) ? 'plain' : 'no'
  }
}

function once<Value>(task: () => Promise<Value>): () => Promise<Value> {
  let running: Promise<Value> | undefined
  return () => (running ??= task())
}
