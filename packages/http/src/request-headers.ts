import type { HttpRequest } from './http.ts'

/** What is sent besides `Host`: lower-case names. */
export function requestHeaders({ body, headers, method }: HttpRequest, userAgent: string): Record<string, string> {
  const size = body instanceof Uint8Array ? body.byteLength : body?.size
  const sends = method !== 'GET' && method !== 'HEAD' && method !== 'DELETE'
  return {
    'user-agent': userAgent,
    // Bytes are hashed as they are stored; nothing on the way shall pack them.
    'accept-encoding': 'identity',
    ...(size === undefined && sends && { 'content-length': '0' }),
    ...headers,
    ...(size !== undefined && { 'content-length': String(size) }),
  }
}
