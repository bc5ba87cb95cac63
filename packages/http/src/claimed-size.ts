import { parseContentRange } from './content-range.ts'
import type { HttpResponse } from './http.ts'

const UNSATISFIED = /^bytes[ \t]+\*\/(\d{1,16})$/i

/**
 * How many bytes all of the content has, by what an answer says (RFC 9110, 8.6 and 14.4). Undefined if it does not say so, or speaks of
 * bytes that are packed for the way.
 */
export function claimedSize({ status, headers }: Pick<HttpResponse, 'status' | 'headers'>): number | undefined {
  if (!/^(?:identity)?$/i.test(headers.get('content-encoding')?.trim() ?? '')) return undefined
  if (status === 200) return wholeNumber(/^\d{1,16}$/.exec(headers.get('content-length') ?? '')?.[0])
  const range = headers.get('content-range')?.trim()
  if (status === 206) return parseContentRange(range)?.total
  return status === 416 ? wholeNumber(UNSATISFIED.exec(range ?? '')?.[1]) : undefined
}

function wholeNumber(digits: string | undefined): number | undefined {
  return digits === undefined || !Number.isSafeInteger(Number(digits)) ? undefined : Number(digits)
}
