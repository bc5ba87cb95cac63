import { type Dispatcher, ProxyAgent } from 'undici'
import { createExchange, type Exchange } from '../exchange.ts'
import { createHeaders } from '../headers.ts'
import type { HttpRequest } from '../http.ts'
import { CLIENT_CLOSED } from '../network-error.ts'
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
  const timeout = options.connectTimeoutMs + options.tlsTimeoutMs
  const agent = new ProxyAgent({
    uri: proxy.href,
    allowH2: false,
    maxHeaderSize: MAX_HEAD_BYTES,
    pipelining: 1,
    connectTimeout: timeout,
    requestTls: { ...nodeTls(tls), allowH2: false, timeout },
  })
  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        const exchange = createExchange({ request, options, resolve, reject })
        try {
          agent.dispatch(dispatchOptions(exchange, options), handlerOf(exchange))
        } catch (error) {
          exchange.fail(error)
        }
      }),
    // undici opens and closes connections as it sees fit.
    warm() {},
    cool() {},
    end: async () => {
      await agent.destroy(Object.assign(new Error('the client was closed'), { code: CLIENT_CLOSED }))
    },
  }
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

function handlerOf(exchange: Exchange): Dispatcher.DispatchHandler {
  return {
    onRequestStart: (controller) =>
      exchange.started({
        pause: () => controller.pause(),
        resume: () => controller.resume(),
        abort: () => controller.abort(new Error('the exchange was left')),
      }),
    onResponseStart: (controller, status) => exchange.answered(status, createHeaders(rawList(controller.rawHeaders))),
    onResponseData: (_controller, chunk) => exchange.received(chunk),
    onResponseEnd: () => exchange.ended(),
    onResponseError: (_controller, error) => exchange.fail(error),
  }
}

function rawList(raw: Dispatcher.DispatchController['rawHeaders']): readonly (Uint8Array | string)[] {
  if (Array.isArray(raw)) return raw
  return Object.entries(raw ?? {}).flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : (value ?? [])).flatMap((one) => [name, one]),
  )
}
