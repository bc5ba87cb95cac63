import { pathPolicy, pathScopeProblem } from '@crossdock/blob-files'
import { ImageError, quoteForeign, type PolicyIdentity } from '@crossdock/core'
import { cutLayoutName, type LayoutLocation, parseLayoutLocation } from '@crossdock/formats'

/** Throws `INVALID_REFERENCE`. */
export function parseLocation(text: string): LayoutLocation {
  return parseLayoutLocation(text, { transport: 'oci', names: 'image layout', place: 'folder' })
}

/** What a policy looks a layout up by: the folder, then the folder again and its parents. The name within it is no part of it. */
export function policyOf(folder: string): PolicyIdentity {
  return pathPolicy(folder, { namespacesFrom: 'path' })
}

/**
 * Throws `INVALID_REFERENCE` unless the scope is an absolute, clean path other than the root. What follows a colon is not looked at, nor are
 * layouts looked up by it (containers-policy.json(5), "oci:").
 */
export function validateScope(scope: string): void {
  const problem = pathScopeProblem(cutLayoutName(scope).path)
  if (problem === undefined) return
  throw new ImageError(
    'INVALID_REFERENCE',
    `"${quoteForeign(scope, 200)}" cannot be a policy scope of image layouts: ${problem}`,
  )
}
