import type { HttpHandler } from './http.ts'
import type { Origins } from './origins.ts'

/** The end of the chain: one request on one of the connections to its origin. */
export function createDispatch(origins: Origins): HttpHandler {
  return async (request) => {
    request.signal?.throwIfAborted()
    const origin = await origins.get(request.url, request.base)
    request.signal?.throwIfAborted()
    return await origin.send(request)
  }
}
