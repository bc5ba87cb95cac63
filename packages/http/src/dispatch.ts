import type { Dispatcher } from 'undici'
import type { Agent, Agents } from './agents.ts'
import { createHeaders } from './headers.ts'
import type { HttpHandler, HttpRequest, HttpResponse } from './http.ts'
import { networkError } from './network-error.ts'
import type { ResolvedOptions } from './options.ts'
import { createResponseBody, type ResponseBody } from './response-body.ts'
import { createUploadBody, type UploadBody } from './upload-body.ts'

/** The end of the chain: one request, one answer, over HTTP/1.1. */
export function createDispatch(agents: Agents, options: ResolvedOptions): HttpHandler {
  return async (request) => {
    request.signal?.throwIfAborted()
    const agent = await agents.get(request.url, request.base)
    await agent.ready()
    request.signal?.throwIfAborted()
    return await send(agent, request, options)
  }
}

function send(agent: Agent, request: HttpRequest, options: ResolvedOptions): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const exchange = createExchange({ request, options, agent, resolve, reject })
    const { url, method } = request
    try {
      agent.dispatcher.dispatch(
        {
          origin: url.origin,
          path: `${url.pathname}${url.search}`,
          method,
          headers: requestHeaders(request, options),
          body: requestBody(request, exchange.upload),
          headersTimeout: options.headersTimeoutMs,
          bodyTimeout: options.idleBodyTimeoutMs,
          // undici would close the connection after every HEAD.
          reset: false,
        },
        handlerOf(exchange),
      )
    } catch (error) {
      exchange.fail(error)
    }
  })
}

function requestHeaders(request: HttpRequest, options: ResolvedOptions): Record<string, string> {
  const { body } = request
  const size = body === undefined || body instanceof Uint8Array ? undefined : body.size
  return {
    'user-agent': options.userAgent,
    // Bytes are hashed as they are stored; nothing on the way shall pack them.
    'accept-encoding': 'identity',
    ...request.headers,
    ...(size !== undefined && { 'content-length': String(size) }),
  }
}

function requestBody(
  request: HttpRequest,
  upload: UploadBody | undefined,
): NonNullable<Dispatcher.DispatchOptions['body']> | null {
  if (request.body === undefined || request.body instanceof Uint8Array) return request.body ?? null
  if (request.body.size === 0) return null
  // undici takes any async iterable here; its types know of streams alone.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return upload as unknown as NonNullable<Dispatcher.DispatchOptions['body']>
}

interface ExchangeParts {
  readonly request: HttpRequest
  readonly options: ResolvedOptions
  readonly agent: Agent
  readonly resolve: (response: HttpResponse) => void
  readonly reject: (error: unknown) => void
}

function streamed({ body, what }: HttpRequest): UploadBody | undefined {
  return body === undefined || body instanceof Uint8Array ? undefined : createUploadBody(body, what)
}

type Controller = Dispatcher.DispatchController

interface Exchange {
  readonly upload: UploadBody | undefined
  started(controller: Controller): void
  answered(controller: Controller, status: number): void
  received(chunk: Uint8Array): void
  ended(): void
  fail(error: unknown): void
}

/** What happens to one request, whichever of end, failure and abort comes first. */
function createExchange({ request, options, agent, resolve, reject }: ExchangeParts): Exchange {
  const { signal } = request
  const connected = agent.enter()
  const upload = streamed(request)
  let controller: Controller | undefined
  let body: ResponseBody | undefined
  let over = false

  function finish(): void {
    over = true
    signal?.removeEventListener('abort', abort)
    connected()
    upload?.close()
  }

  function abort(): void {
    finish()
    if (body === undefined) reject(signal?.reason)
    else body.fail(signal?.reason, { drop: true })
    controller?.abort(new Error('aborted'))
  }

  signal?.addEventListener('abort', abort, { once: true })
  return {
    upload,
    started(running) {
      connected()
      controller = running
      if (over) running.abort(new Error('aborted'))
    },
    answered(running, status) {
      if (status < 200 || over) return
      // The server has decided: what it has not read by now it does not want.
      if (status >= 300) upload?.pause()
      body = bodyFrom(running)
      resolve(createResponse(request.url, { status, raw: running.rawHeaders, body }))
    },
    received: (chunk) => body?.push(chunk),
    ended() {
      agent.freed()
      if (over) return
      finish()
      body?.end()
    },
    fail(reason) {
      if (over) return
      const { headersTimeoutMs, idleBodyTimeoutMs } = options
      const state = {
        sent: controller !== undefined,
        answered: body !== undefined,
        headersTimeoutMs,
        idleBodyTimeoutMs,
      }
      const error =
        upload?.failure === undefined ? networkError(reason, { ...request, ...state }) : upload.failure.error
      finish()
      if (body === undefined) reject(error)
      else body.fail(error)
    },
  }
}

function bodyFrom(controller: Controller): ResponseBody {
  return createResponseBody({
    pause: () => controller.pause(),
    resume: () => controller.resume(),
    abort: () => controller.abort(new Error('the body was left')),
  })
}

function handlerOf(exchange: Exchange): Dispatcher.DispatchHandler {
  return {
    onRequestStart: (controller) => exchange.started(controller),
    onResponseStart: (controller, status) => exchange.answered(controller, status),
    onResponseData: (_controller, chunk) => exchange.received(chunk),
    onResponseEnd: () => exchange.ended(),
    onResponseError: (_controller, error) => exchange.fail(error),
  }
}

interface Head {
  readonly status: number
  readonly raw: Dispatcher.DispatchController['rawHeaders']
  readonly body: ResponseBody
}

function createResponse(url: URL, { status, raw, body }: Head): HttpResponse {
  const list = Array.isArray(raw) ? raw : Object.entries(raw ?? {}).flatMap(flatten)
  return { status, headers: createHeaders(list), url, body, discard: () => body.discard() }
}

function flatten([name, value]: [string, string | string[] | undefined]): string[] {
  const values = typeof value === 'string' ? [value] : (value ?? [])
  return values.flatMap((one) => [name, one])
}
