import { realpathSync } from 'node:fs'
import { dirname, isAbsolute, join, normalize, parse, resolve, sep } from 'node:path'
import { type PolicyIdentity, quoteForeign } from '@crossdock/core'

export interface PathPolicyOptions {
  /** Whether the namespaces begin with the path itself or with the folder above it. */
  readonly namespacesFrom: 'path' | 'parent'
}

/**
 * What a policy looks a path up by: the path with its symbolic links resolved as far as it exists, then the folders above it
 * but for the root (containers-policy.json(5), "Supported transports and their scopes").
 */
export function pathPolicy(path: string, { namespacesFrom }: PathPolicyOptions): PolicyIdentity {
  const identity = resolveLinks(path)
  const first = namespacesFrom === 'path' ? identity : dirname(identity)
  const namespaces: string[] = []
  for (let scope = first; scope !== parse(scope).root; scope = dirname(scope)) namespaces.push(scope)
  return Object.freeze({ identity, namespaces: Object.freeze(namespaces) })
}

function resolveLinks(path: string): string {
  const absolute = resolve(path)
  try {
    return realpathSync.native(absolute)
  } catch {
    const parent = dirname(absolute)
    return parent === absolute ? absolute : join(resolveLinks(parent), absolute.slice(parent.length))
  }
}

/** Why no path has this policy scope: it must be absolute, clean and not the root. Undefined if one may have it. */
export function pathScopeProblem(path: string): string | undefined {
  if (!isAbsolute(path)) return 'it must be an absolute path'
  if (path === '/') return 'the root folder covers everything: use the default scope "" instead'
  if (normalize(path) === path && (!path.endsWith(sep) || parse(path).root === path)) return undefined
  return `the path must be clean, with neither ".", ".." nor doubled or trailing slashes: "${quoteForeign(normalize(path))}"`
}
