import { pathPolicy, pathScopeProblem } from '@crossdock/blob-files'
import { ImageError, quoteForeign, type PolicyIdentity } from '@crossdock/core'
import { cutLayoutName, isLayoutName, type LayoutLocation, parseLayoutLocation } from '@crossdock/formats'

/** Throws `INVALID_REFERENCE`. */
export function parseLocation(text: string): LayoutLocation {
  return parseLayoutLocation(text, { transport: 'oci', names: 'image layout', place: 'folder' })
}

/** What a policy looks a layout up by: the folder, then the folder again and its parents. The name within it is no part of it. */
export function policyOf(folder: string): PolicyIdentity {
  return pathPolicy(folder, { namespacesFrom: 'path' })
}

/** Throws `INVALID_REFERENCE` unless the scope is an absolute, clean path other than the root, with an optional name. */
export function validateScope(scope: string): void {
  const { path, name } = cutLayoutName(scope)
  const isNamed = name === '' || isLayoutName(name)
  const problem =
    pathScopeProblem(path) ?? (isNamed ? undefined : 'what follows the colon must be the name of an image')
  if (problem === undefined) return
  throw new ImageError(
    'INVALID_REFERENCE',
    `"${quoteForeign(scope, 200)}" cannot be a policy scope of image layouts: ${problem}`,
  )
}
