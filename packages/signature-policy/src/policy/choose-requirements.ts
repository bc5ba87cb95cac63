import type { ImageReference } from '@crossdock/core'
import type { Policy, PolicyRequirement } from './policy.ts'

/** Where in the policy an image's requirements stand. */
export interface PolicyScope {
  /** Undefined if they are the policy's `default`. */
  readonly transport?: string | undefined
  /** Undefined if they are the policy's `default`; "" for the transport as a whole. */
  readonly scope?: string | undefined
  /** Everything that was looked for within the transport, in this order, up to what was found. */
  readonly lookedFor: readonly string[]
}

export interface ChosenRequirements {
  readonly requirements: readonly PolicyRequirement[]
  readonly scope: PolicyScope
}

/**
 * The requirements for an image: those of its identity, or of the first of its namespaces that is listed, or of its transport, or the
 * default (containers-policy.json(5), "Policy requirements"). Lists are not merged: the most specific one holds alone.
 */
export function chooseRequirements(
  policy: Policy,
  { transport: { name: transport }, policy: image }: Pick<ImageReference, 'transport' | 'policy'>,
): ChosenRequirements {
  const scopes = policy.transports.get(transport)
  const lookedFor: string[] = []
  if (scopes !== undefined) {
    for (const scope of new Set([image?.identity ?? '', ...(image?.namespaces ?? []), ''])) {
      lookedFor.push(scope)
      const requirements = scopes.get(scope)
      if (requirements !== undefined) return { requirements, scope: { transport, scope, lookedFor } }
    }
  }
  return { requirements: policy.default, scope: { lookedFor } }
}
