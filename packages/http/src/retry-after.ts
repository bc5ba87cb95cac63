import type { HttpResponse } from './http.ts'

/**
 * What `Retry-After` asks for, in milliseconds (RFC 9110, 10.2.3: seconds or a date). Undefined if there is none or it makes no
 * sense: negative, in the past, not a number.
 */
export function retryAfterMs(response: HttpResponse, now: number): number | undefined {
  const [value = ''] = response.headers.all('retry-after')
  const text = value.trim()
  if (/^\d{1,15}(?:\.\d{1,9})?$/.test(text)) return Math.ceil(Number(text) * 1000)
  // Date.parse would take -5 and the like for a year.
  if (!/^[A-Z][a-z]{2,8}, /.test(text) || text.length > 40) return undefined
  const date = Date.parse(text)
  return Number.isNaN(date) || date <= now ? undefined : date - now
}
