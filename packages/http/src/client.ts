/*
 * The layers of the client, outermost first, and why they stand in this order:
 *
 *   warnings   sees each answer once, whatever was needed to get it
 *   auth       outside of redirect, so that it decides by the URL the user named; what redirect drops on the way to another
 *              origin cannot be put back, and a challenge from there is recognised and left alone. Its own requests to
 *              token services pass through everything below
 *   redirect   outside of retry and the queue, because each hop has a host of its own with its own pause and queue
 *   retry      outside of the queue, so that nobody keeps a place in it while pausing
 *   host-limit waits for a place, with the host's limit
 *   sign       inside of all that sends again or waits, because a signature is of one sending and grows old
 *   dispatch   one request on one connection
 */
import { authLayer } from './auth.ts'
import { createDispatch } from './dispatch.ts'
import { hostLimitLayer } from './host-limit.ts'
import type { HttpHandler, HttpLayer } from './http.ts'
import { resolveOptions, type HttpClientOptions } from './options.ts'
import { createOrigins } from './origins.ts'
import { redirectLayer } from './redirect.ts'
import { retryLayer } from './retry.ts'
import { signLayer } from './sign.ts'
import { warningsLayer } from './warnings.ts'

/** One session of work: connections, tokens, queues and pauses are shared by all that use it. */
export interface HttpClient {
  readonly request: HttpHandler
  /** Begins connections to the URL's origin ahead of the requests that will need them, until so many are free. */
  warm(url: URL, count: number): void
  /** Ends the connections to the URL's origin that nobody uses. */
  cool(url: URL): void
  /** Ends every connection, those in use included. A later request opens new ones. */
  close(): Promise<void>
}

/** Opens nothing, and loads nothing large, until the first request. */
export function createHttpClient(options: HttpClientOptions = {}): HttpClient {
  const resolved = resolveOptions(options)
  const origins = createOrigins(resolved)
  const layers: readonly HttpLayer[] = [
    warningsLayer(),
    authLayer(resolved),
    redirectLayer(resolved),
    retryLayer(resolved),
    hostLimitLayer(resolved.requestsPerHost),
    signLayer(resolved),
  ]
  const dispatch = createDispatch(origins)
  return {
    request: layers.reduceRight((next, layer) => layer(next), dispatch),
    warm: (url, count) => void origins.get(url, undefined).then((origin) => origin.warm(count), ignore),
    cool: (url) => void origins.get(url, undefined).then((origin) => origin.cool(), ignore),
    close: () => origins.close(),
  }
}

/** The request that needs the connection will say what is wrong. */
function ignore(): void {}
