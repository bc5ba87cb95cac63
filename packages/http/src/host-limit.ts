import { createLimiter, type Limiter } from '@crossdock/streams'
import type { HttpLayer, HttpRequest } from './http.ts'

/**
 * A queue for each host, held until the head of the answer is there. Uploads of streamed bodies queue apart: such a body may
 * be the answer to another request to the same host, and the two would wait for each other.
 */
export function hostLimitLayer(requestsPerHost: number): HttpLayer {
  const limiters = new Map<string, Limiter>()
  return (next) => async (request) => {
    const key = `${streams(request) ? 'stream' : 'plain'} ${request.url.origin}`
    const limiter = limiters.get(key) ?? createLimiter(requestsPerHost)
    limiters.set(key, limiter)
    return await limiter.run(() => next(request), { signal: request.signal })
  }
}

function streams({ body }: HttpRequest): boolean {
  return body !== undefined && !(body instanceof Uint8Array)
}
