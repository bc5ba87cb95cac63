import { ImageError, type PolicyIdentity, quoteForeign } from '@crossdock/core'
import { aciIdentifierProblem, type AppName } from '@crossdock/formats'

/** What a policy looks a name up by: the name without labels, then what stands above it, down to the host. */
export function policyOf({ name }: AppName): PolicyIdentity {
  const components = name.split('/')
  const namespaces = components.slice(1).map((_, index) => components.slice(0, components.length - 1 - index).join('/'))
  return Object.freeze({ identity: name, namespaces: Object.freeze(namespaces) })
}

/** Throws `INVALID_REFERENCE` unless the scope is what {@link policyOf} makes of some name. */
export function validateScope(scope: string): void {
  const problem = aciIdentifierProblem(scope)
  if (problem === undefined) return
  throw new ImageError(
    'INVALID_REFERENCE',
    `"${quoteForeign(scope, 200)}" cannot be a policy scope of appc: it ${problem}; write a name without version and labels`,
  )
}
