import { dockerScopeProblem, ImageError, quoteForeign } from '@crossdock/core'

/** Throws `INVALID_REFERENCE` for a scope of a policy that no image with a name has. */
export function validateScope(scope: string): void {
  const problem = dockerScopeProblem(scope)
  if (problem === undefined) return
  throw new ImageError(
    'INVALID_REFERENCE',
    `"${quoteForeign(scope, 200)}" cannot be a policy scope of docker-daemon: ${problem}`,
  )
}
