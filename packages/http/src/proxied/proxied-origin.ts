import { type Dispatcher, Pool, ProxyAgent } from 'undici'
import { createExchange, type Exchange } from '../exchange.ts'
import { createHeaders } from '../headers.ts'
import type { HttpRequest } from '../http.ts'
import { clientClosed, hostAndPort } from '../network-error.ts'
import { nodeTls } from '../node-tls.ts'
import type { ResolvedOptions, TlsOptions } from '../options.ts'
import type { Origin } from '../origins.ts'
import { requestHeaders } from '../request-headers.ts'

const MAX_HEAD_BYTES = 64 * 1024

export interface ProxiedSettings {
  readonly proxy: URL
  readonly tls: TlsOptions
  readonly options: ResolvedOptions
}

/** An origin behind a proxy. */
export function createProxiedOrigin({ proxy, tls, options }: ProxiedSettings): Origin {
  const agent = createAgent({ proxy, tls, options })
  const running = new Set<Exchange>()
  let closed = false

  function dispatch(exchange: Exchange): void {
    const over = (): void => void running.delete(exchange)
    running.add(exchange)
    try {
      if (closed) throw clientClosed()
      agent.dispatch(dispatchOptions(exchange, options), handlerOf(exchange, { proxy, over }))
    } catch (error) {
      over()
      exchange.fail(error)
    }
  }

  return {
    send: (request) =>
      new Promise((resolve, reject) => dispatch(createExchange({ request, options, resolve, reject }))),
    // undici opens and closes connections as it sees fit.
    warm() {},
    cool() {},
    async end() {
      closed = true
      for (const exchange of running) exchange.fail(clientClosed())
      await agent.destroy()
    },
  }
}

function createAgent({ proxy, tls, options }: ProxiedSettings): ProxyAgent {
  const timeout = options.connectTimeoutMs + options.tlsTimeoutMs
  const settings: Pool.Options = {
    allowH2: false,
    maxHeaderSize: MAX_HEAD_BYTES,
    pipelining: 1,
    // Of a tunnel: how long the proxy may take to open it.
    headersTimeout: options.headersTimeoutMs,
  }
  const factory = (origin: string | URL, given: object): Pool => new Pool(origin, { ...settings, ...given })
  return new ProxyAgent({
    ...settings,
    uri: proxy.href,
    connectTimeout: timeout,
    requestTls: { ...nodeTls(tls), allowH2: false, timeout },
    // It hands few of its settings on by itself.
    factory,
    clientFactory: factory,
  })
}

function dispatchOptions({ request, upload }: Exchange, options: ResolvedOptions): Dispatcher.DispatchOptions {
  const { url, method } = request
  return {
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method,
    headers: requestHeaders(request, options.userAgent),
    body: requestBody(request, upload),
    headersTimeout: options.headersTimeoutMs,
    bodyTimeout: options.idleBodyTimeoutMs,
    // undici would close the connection after every HEAD.
    reset: false,
  }
}

function requestBody(
  { body }: HttpRequest,
  upload: Exchange['upload'],
): NonNullable<Dispatcher.DispatchOptions['body']> | null {
  if (body === undefined || body instanceof Uint8Array) return body ?? null
  if (body.size === 0) return null
  // undici takes any async iterable here; its types know of streams alone.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return upload as unknown as NonNullable<Dispatcher.DispatchOptions['body']>
}

interface Surroundings {
  readonly proxy: URL
  /** To be called when nothing more is to be told. */
  readonly over: () => void
}

function handlerOf(exchange: Exchange, { proxy, over }: Surroundings): Dispatcher.DispatchHandler {
  return {
    onRequestStart: (controller) =>
      exchange.started({
        pause: () => controller.pause(),
        resume: () => controller.resume(),
        abort: () => controller.abort(new Error('the exchange was left')),
      }),
    onResponseStart: (controller, status) => exchange.answered(status, createHeaders(rawList(controller.rawHeaders))),
    onResponseData: (_controller, chunk) => exchange.received(chunk),
    onResponseEnd() {
      over()
      exchange.ended()
    },
    onResponseError(_controller, error) {
      over()
      exchange.fail(unreachable(error, proxy) ?? error)
    },
  }
}

const UNREACHABLE: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
])

/** Nobody but the proxy is connected to: it must not look as if the origin were not there. */
function unreachable(error: unknown, proxy: URL): Error | undefined {
  if (!(error instanceof Error) || !('code' in error) || !UNREACHABLE.has(error.code)) return undefined
  const at = hostAndPort(proxy)
  return new Error(
    `the proxy at ${at} cannot be reached (${String(error.code)}); check the proxy settings and that it runs`,
    { cause: error },
  )
}

function rawList(raw: Dispatcher.DispatchController['rawHeaders']): readonly (Uint8Array | string)[] {
  if (Array.isArray(raw)) return raw
  return Object.entries(raw ?? {}).flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : (value ?? [])).flatMap((one) => [name, one]),
  )
}
