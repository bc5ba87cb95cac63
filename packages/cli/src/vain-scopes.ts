import { dockerScopeProblem, quoteForeign } from '@crossdock/core'
import type { Policy } from '@crossdock/signature-policy'

/** The transports whose scopes are names of Docker. Their policies take every text, as those of other tools do. */
const NAMED = ['docker', 'docker-daemon'] as const

/** Warnings of scopes that no image falls into, so that what they demand is demanded of nothing. */
export function vainScopes({ transports }: Policy): readonly string[] {
  return NAMED.flatMap((transport) =>
    [...(transports.get(transport)?.keys() ?? [])].flatMap((scope) => {
      const problem = scope === '' ? undefined : dockerScopeProblem(scope)
      if (problem === undefined) return []
      return [`no image falls into the scope "${quoteForeign(scope, 200)}" of ${transport}: ${problem}`]
    }),
  )
}
