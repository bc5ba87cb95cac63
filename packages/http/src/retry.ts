import { report } from '@crossdock/core'
import { attemptOf } from './attempt.ts'
import { createBackOff, type BackOff } from './back-off.ts'
import type { HttpLayer, HttpRequest, HttpResponse } from './http.ts'
import { exhausted, isNetworkFailure, isUnsent, withAttempts } from './network-error.ts'
import type { ResolvedOptions } from './options.ts'
import { retryAfterMs } from './retry-after.ts'

/** Statuses that may be different the next time. */
const RETRYABLE: ReadonlySet<number> = new Set([408, 429, 499, 500, 502, 503, 504, 522])

/**
 * Sends again what failed in passing. The pause belongs to the host: whoever talks to it waits, so that parallel requests do not
 * hammer on. Where the server says how long to wait, that is done up to `maxRetryDelayMs` for all attempts together. After the
 * last attempt the answer is handed back as it is, `exhausted`; a network failure is thrown with the number of attempts in
 * the message, as one that trying on does not help.
 */
export function retryLayer(options: ResolvedOptions): HttpLayer {
  const hosts = new Map<string, BackOff>()
  return (next) => {
    const send = attemptOf(next, options)
    return async (request) => {
      const host = hosts.get(request.url.origin) ?? createBackOff(options)
      hosts.set(request.url.origin, host)
      const attempts = request.attempts ?? options.maxAttempts
      let waitedMs = 0
      for (let attempt = 1; ; attempt += 1) {
        await host.wait(request.signal)
        const startedAt = options.clock.now()
        const result = await tryOnce(() => send(request), request)
        if (!mayRetry(result, request)) {
          if ('error' in result) throw withAttempts(result.error, attempt)
          host.succeeded()
          return { ...result.response, attempts: attempt }
        }
        const asked = 'response' in result ? retryAfterMs(result.response, options.clock.now()) : undefined
        const mostMs = options.maxRetryDelayMs - (asked === undefined ? 0 : waitedMs)
        if (attempt >= attempts || mostMs <= 0) {
          // Who allows one attempt tries again, or not, by own rules.
          if ('error' in result) throw attempt > 1 ? exhausted(result.error, attempt) : result.error
          return { ...result.response, attempts: attempt, exhausted: attempt > 1 }
        }
        if ('response' in result) await result.response.discard()
        const delayMs = host.failed({ attempt, startedAt, asked, mostMs })
        if (asked !== undefined) waitedMs += delayMs
        announce({ request, result, attempt, attempts, delayMs, asked })
      }
    }
  }
}

type Result = { readonly response: HttpResponse } | { readonly error: Parameters<typeof withAttempts>[0] }

async function tryOnce(send: () => Promise<HttpResponse>, request: HttpRequest): Promise<Result> {
  try {
    return { response: await send() }
  } catch (error) {
    request.signal?.throwIfAborted()
    if (!isNetworkFailure(error)) throw error
    return { error }
  }
}

function mayRetry(result: Result, request: HttpRequest): boolean {
  const idempotent = request.idempotent ?? (request.method === 'GET' || request.method === 'HEAD')
  if ('error' in result) return result.error.retryable && (idempotent || isUnsent(result.error))
  // With 429 the server says that it did nothing.
  return RETRYABLE.has(result.response.status) && (idempotent || result.response.status === 429)
}

interface Announcement {
  readonly request: HttpRequest
  readonly result: Result
  readonly attempt: number
  readonly attempts: number
  readonly delayMs: number
  readonly asked: number | undefined
}

function announce({ request, result, attempt, attempts, delayMs, asked }: Announcement): void {
  const { what, side } = request
  const host = request.url.host
  if (asked !== undefined && asked > delayMs) {
    const message = `${host} asks to wait ${Math.round(asked / 1000)} s; trying again after ${Math.round(delayMs / 1000)} s`
    report(request, { type: 'note', level: 'warning', message })
  }
  const failure =
    'error' in result
      ? ({ code: result.error.code, reason: result.error.message } as const)
      : ({
          code: result.response.status === 429 ? 'RATE_LIMITED' : 'UNAVAILABLE',
          reason: `${host} answered with status ${result.response.status}`,
        } as const)
  report(request, { type: 'retry', side, what, ...failure, attempt, attempts, delayMs })
}
