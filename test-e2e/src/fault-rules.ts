import type { FaultAction, FaultMatch, FaultRule } from '@crossdock/registry-server'

/** In a rule, the digest of a layer that is not known yet when the table of rules is written. */
export const LAYER = '<the large layer>'

export function rule(match: FaultMatch, action: FaultAction): FaultRule {
  return { match, action }
}

/** The rule with the layer's digest where `LAYER` stands. */
export function aboutLayer({ match = {}, action }: FaultRule, digest: string): FaultRule {
  return { match: { ...match, ...(match.digest === LAYER && { digest }) }, action }
}
