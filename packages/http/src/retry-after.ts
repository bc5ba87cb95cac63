import type { HttpResponse } from './http.ts'

/**
 * What `Retry-After` asks for, in milliseconds (RFC 9110, 10.2.3: seconds or a date). Undefined if there is none or it makes no
 * sense: negative, in the past, not a number.
 */
export function retryAfterMs(response: HttpResponse, now: number): number | undefined {
  const [value = ''] = response.headers.all('retry-after')
  const text = value.trim()
  if (/^\d{1,15}(?:\.\d{1,9})?$/.test(text)) return Math.ceil(Number(text) * 1000)
  // Date.parse alone would take -5 for a year and fill in what is missing.
  if (!/^[A-Z][a-z]{2,8}, \d{2}[ -][A-Z][a-z]{2}[ -]\d{2,4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return undefined
  const date = Date.parse(text)
  return Number.isNaN(date) || date <= now ? undefined : date - now
}
