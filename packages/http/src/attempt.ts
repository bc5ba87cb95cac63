import type { HttpBody, HttpHandler, HttpRequest, HttpResponse } from './http.ts'
import { exhausted, isTimeOut, networkError, WIRE, wireFailure } from './network-error.ts'
import type { ResolvedOptions } from './options.ts'
import { createPatience, type Wait } from './patience.ts'
import { readWhole } from './read-whole.ts'
import { watchBody } from './watched-body.ts'

type TimeLimits = Pick<ResolvedOptions, 'headersTimeoutMs' | 'idleBodyTimeoutMs'>

/**
 * One sending of a request within the time that its server may still be silent (see `Patience`), its answer read as far as
 * the request wants.
 */
export function attemptOf(next: HttpHandler, limits: TimeLimits): HttpHandler {
  const patience = createPatience()
  return async (request) => {
    const { url, method, what, wholeUpToBytes, attempts } = request
    const thing = `${url.origin} ${method} ${what}`
    const response = await answerInTime(next, request, patience.begin(thing, limits.headersTimeoutMs))
    const wait = patience.begin(`${thing} body`, limits.idleBodyTimeoutMs)
    const watched = { ...response, body: inTime(response, request, { wait, limits }) }
    return wholeUpToBytes === undefined || attempts === 1 ? watched : await readWhole(watched, wholeUpToBytes)
  }
}

async function answerInTime(next: HttpHandler, request: HttpRequest, wait: Wait): Promise<HttpResponse> {
  const { shortenedMs } = wait
  try {
    const response = await (shortenedMs === undefined ? next(request) : sendWithin(next, request, shortenedMs))
    wait.heard()
    return response
  } catch (error) {
    throw lastOne(error, wait)
  }
}

/** A time-out that is not worth another attempt says so. */
function lastOne(error: unknown, wait: Wait): unknown {
  return isTimeOut(error) && !wait.timedOut() ? exhausted(error, 1) : error
}

/** The time counts from the last piece of the request's body. */
async function sendWithin(next: HttpHandler, request: HttpRequest, limitMs: number): Promise<HttpResponse> {
  const stop = new AbortController()
  const failure = silence(request, WIRE.headersTimeout, limitMs)
  const timer = setTimeout(() => stop.abort(failure), limitMs)
  const { signal, body } = request
  try {
    return await next({
      ...request,
      signal: signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]),
      body: body === undefined || body instanceof Uint8Array ? body : noticed(body, () => timer.refresh()),
    })
  } finally {
    clearTimeout(timer)
  }
}

function noticed(body: HttpBody, moves: () => void): HttpBody {
  return {
    size: body.size,
    async *open() {
      for await (const chunk of body.open()) {
        moves()
        yield chunk
      }
    },
  }
}

function silence(request: HttpRequest, code: (typeof WIRE)['headersTimeout' | 'bodyTimeout'], ms: number): Error {
  return networkError(wireFailure(code), { ...request, sent: true, headersTimeoutMs: ms, idleBodyTimeoutMs: ms })
}

function inTime(
  { body }: HttpResponse,
  request: HttpRequest,
  { wait, limits }: { readonly wait: Wait; readonly limits: TimeLimits },
): AsyncIterable<Uint8Array> {
  const { idleBodyTimeoutMs, headersTimeoutMs } = limits
  return watchBody(body, {
    idleMs: idleBodyTimeoutMs,
    shortenedMs: wait.shortenedMs,
    tooLong: (reason, silentMs) =>
      networkError(reason, { ...request, sent: true, headersTimeoutMs, idleBodyTimeoutMs: silentMs }),
    failed: (error) => lastOne(error, wait),
    alive: () => wait.heard(),
  })
}
