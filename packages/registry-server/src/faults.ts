import type { FaultAction } from './fault-action.ts'
import type { Exchange } from './exchange.ts'
import type { Route, RouteKind } from './route.ts'

/** Which requests a rule is about; everything that is given has to hold. */
export interface FaultMatch {
  readonly method?: string | readonly string[] | undefined
  /** A POST with `mount` is `mount`; every other request about uploads is `upload`. */
  readonly route?: RouteKind | readonly RouteKind[] | undefined
  readonly repository?: string | undefined
  /** Of a blob, manifest, subject, mount, or the digest that an upload ends with. */
  readonly digest?: string | undefined
  readonly tag?: string | undefined
  /** Whether the request has a Range header. */
  readonly range?: boolean | undefined
  /** The first request that is hit, counting those that match from 1. Default: 1. */
  readonly nth?: number | undefined
  /** How many requests are hit, from there on. Default: 1 if `nth` is given, else all. */
  readonly times?: number | undefined
}

/** One fault: what is done to which requests. */
export interface FaultRule {
  /** Default: every request. */
  readonly match?: FaultMatch | undefined
  readonly action: FaultAction
}

/** The rules of a running server. All that match a request are applied, the first one outermost. */
export interface FaultScript {
  readonly rules: readonly FaultRule[]
  /** Adds rules; the result removes them again. */
  add(...rules: readonly FaultRule[]): () => void
  clear(): void
}

/** A rule that hits a request. */
export interface FaultHit {
  readonly action: FaultAction
  /** How many requests it hit before. */
  readonly earlier: number
}

export interface CountingFaultScript extends FaultScript {
  /** Counts the request for every rule that it matches. */
  hits(exchange: Exchange): readonly FaultHit[]
}

export function createFaultScript(rules: readonly FaultRule[] = []): CountingFaultScript {
  let current: readonly { readonly rule: FaultRule; seen: number }[] = rules.map((rule) => ({ rule, seen: 0 }))
  return {
    get rules() {
      return current.map(({ rule }) => rule)
    },
    add: (...added) => {
      const entries = added.map((rule) => ({ rule, seen: 0 }))
      current = [...current, ...entries]
      return () => void (current = current.filter((entry) => !entries.includes(entry)))
    },
    clear: () => void (current = []),
    hits: (exchange) => {
      const hits: FaultHit[] = []
      for (const entry of current) {
        const { match = {}, action } = entry.rule
        if (!matches(match, exchange)) continue
        entry.seen += 1
        const first = match.nth ?? 1
        const times = match.times ?? (match.nth === undefined ? Infinity : 1)
        if (entry.seen >= first && entry.seen < first + times) hits.push({ action, earlier: entry.seen - first })
      }
      return hits
    },
  }
}

function matches(match: FaultMatch, { method, route, headers, query }: Exchange): boolean {
  return (
    isAmong(match.method, method) &&
    isAmong(match.route, route.kind) &&
    isAmong(match.repository, repositoryOf(route)) &&
    isAmong(match.digest, digestOf(route) ?? query.get('digest') ?? undefined) &&
    isAmong(match.tag, route.kind === 'manifest' ? route.reference : undefined) &&
    (match.range === undefined || match.range === (headers.range !== undefined))
  )
}

function isAmong(wanted: string | readonly string[] | undefined, actual: string | undefined): boolean {
  if (wanted === undefined) return true
  return actual !== undefined && (typeof wanted === 'string' ? wanted === actual : wanted.includes(actual))
}

function repositoryOf(route: Route): string | undefined {
  return 'repository' in route ? route.repository : undefined
}

function digestOf(route: Route): string | undefined {
  if ('digest' in route) return route.digest
  return route.kind === 'manifest' ? route.reference : undefined
}
