import type { HttpHeaders } from '../http.ts'
import type { ResponseHead } from './response-head.ts'

/** How long a connection without a request is kept, unless the server says that it does so for less. */
const MAX_IDLE_MS = 10_000

/** For how long after this answer the connection can be used again; 0 if it cannot (RFC 9112, 9.3). */
export function keptForMs({ version }: ResponseHead, headers: HttpHeaders): number {
  const options = (headers.get('connection') ?? '')
    .toLowerCase()
    .split(',')
    .map((option) => option.trim())
  if (options.includes('close') || (version === '1.0' && !options.includes('keep-alive'))) return 0
  // Seconds, after which the server closes; one of them is for the way.
  const [, seconds] = /\btimeout=([0-9]{1,6})\b/i.exec(headers.get('keep-alive') ?? '') ?? []
  return seconds === undefined ? MAX_IDLE_MS : Math.max(0, Math.min(MAX_IDLE_MS, Number(seconds) * 1000 - 1000))
}
