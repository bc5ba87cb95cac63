import type { HttpHeaders } from '@crossdock/http'

/** What an answer says about keeping it (RFC 9111, 5.2.2; a private cache). */
export interface CachePolicy {
  /** How long it need not be asked for again, in whole milliseconds from now; 0 if it always has to be. */
  readonly maxAgeMs: number
  /** Whether it may be kept at all. */
  readonly store: boolean
}

/** What is longer than 68 years is no promise that anybody meant (RFC 9111, 1.2.2). */
const MAX_SECONDS = 2 ** 31

/**
 * `Cache-Control`, less the `Age` that a cache on the way gives the answer. `no-store` and `no-cache` win over every `max-age`; values that are no
 * whole number, and two that differ, count as 0. Without `max-age` nothing is promised: no time is guessed from other headers.
 */
export function cachePolicy(headers: HttpHeaders): CachePolicy {
  const directives = parseCacheControl(headers.all('cache-control').join(','))
  const store = !directives.has('no-store')
  const isFresh = store && !directives.has('no-cache') && !variesAlways(headers)
  const seconds = isFresh ? agreedSeconds(directives.get('max-age') ?? []) : 0
  const left = seconds - (parseSeconds(headers.get('age')) ?? 0)
  return { maxAgeMs: Math.max(0, left) * 1000, store }
}

/** Every value of each directive, names in lower case; a directive without a value has an empty one. */
export function parseCacheControl(text: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (const [, name = '', quoted, plain] of text.matchAll(DIRECTIVE)) {
    const values = found.get(name.toLowerCase()) ?? []
    found.set(name.toLowerCase(), values)
    values.push(quoted?.replace(/\\(.)/g, '$1') ?? plain?.trim() ?? '')
  }
  return found
}

/** A name, and behind `=` a quoted text, which may hold commas, or what comes before the next comma. */
const DIRECTIVE = /([^\s,="]+)[ \t]*(?:=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^,]*)))?/g

function agreedSeconds(values: readonly string[]): number {
  const seconds = new Set(values.map((value) => parseSeconds(value) ?? 0))
  const [only = 0] = seconds
  return seconds.size === 1 ? only : 0
}

function parseSeconds(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,20}$/.test(text.trim()) ? Math.min(Number(text), MAX_SECONDS) : undefined
}

/** `Vary: *`: another request may get something else, whatever it says. */
function variesAlways(headers: HttpHeaders): boolean {
  return headers
    .all('vary')
    .join(',')
    .split(',')
    .some((name) => name.trim() === '*')
}
