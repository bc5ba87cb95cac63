import type { FaultAction, FaultMatch, FaultRule, RegistryServer } from '@crossdock/registry-server'

/** In a rule, the digest of a layer that is not known yet when the table of rules is written. */
export const LAYER = '<the large layer>'

/** One thing that a registry does wrong, and what a copy makes of it. */
export interface FaultRow {
  readonly what: string
  readonly faults: readonly FaultRule[]
  readonly flags?: readonly string[] | undefined
  /** Default: 0, with the right image at the destination. */
  readonly code?: number | undefined
  /** In the failure, or in all that is said if there is none. */
  readonly says?: RegExp | undefined
  /** What is wrong with what the registry was asked. */
  readonly asked?: ((server: Pick<RegistryServer, 'requests'>) => readonly string[]) | undefined
}

export function rule(match: FaultMatch, action: FaultAction): FaultRule {
  return { match, action }
}

/** The rule with the layer's digest where `LAYER` stands. */
export function aboutLayer({ match = {}, action }: FaultRule, digest: string): FaultRule {
  return { match: { ...match, ...(match.digest === LAYER && { digest }) }, action }
}

export function respond(status: number, body = '', headers: Readonly<Record<string, string>> = {}): FaultAction {
  return { kind: 'respond', status, body, headers }
}

/** A refusal in the form of the specification. */
export function refusal(status: number, code: string, message = 'because'): FaultAction {
  return respond(status, JSON.stringify({ errors: [{ code, message }] }), { 'content-type': 'application/json' })
}

/** Tries once more, so that what fails for good is told soon. */
export const ONCE_MORE: readonly string[] = ['--retry-times', '1']
export const IMPATIENT: readonly string[] = ['--idle-timeout', '500ms', ...ONCE_MORE]
