import { pathPolicy, pathScopeProblem } from '@crossdock/blob-files'
import { ImageError, type PolicyIdentity, quoteForeign } from '@crossdock/core'
import { cutLayoutName, type LayoutLocation, parseLayoutLocation } from '@crossdock/formats'

/** As `oci:` does. Throws `INVALID_REFERENCE`. */
export function parseLocation(text: string): LayoutLocation {
  return parseLayoutLocation(text, { transport: 'oci-archive', names: 'archive', place: 'file' })
}

/** What a policy looks an archive up by: the file, then the file again and the folders above it. */
export function policyOf(file: string): PolicyIdentity {
  return pathPolicy(file, { namespacesFrom: 'path' })
}

/** Throws `INVALID_REFERENCE` unless the scope is an absolute, clean path other than the root. What follows a colon is not looked at. */
export function validateScope(scope: string): void {
  const problem = pathScopeProblem(cutLayoutName(scope).path)
  if (problem === undefined) return
  throw new ImageError(
    'INVALID_REFERENCE',
    `"${quoteForeign(scope, 200)}" cannot be a policy scope of oci-archive: ${problem}`,
  )
}
