/** The scopes of a token (distribution, "Token Scope Documentation"): `type:name:action,action`. */

/**
 * One scope for each resource, in the order in which resources first come, actions merged and sorted. What does not read as a
 * scope is kept as it is.
 */
export function mergeScopes(scopes: readonly string[]): string[] {
  const merged = new Map<string, Set<string>>()
  for (const scope of scopes) {
    const { resource, actions } = splitScope(scope)
    const known = merged.get(resource) ?? new Set()
    for (const action of actions) known.add(action)
    merged.set(resource, known)
  }
  return [...merged].map(([resource, actions]) => joinScope(resource, actions))
}

/** The scopes of a challenge, separated by spaces. A reading request never takes on more than reading of repositories. */
export function challengeScopes(text: string | undefined, reading: boolean): string[] {
  const scopes = (text ?? '').split(/\s+/).filter((scope) => /^[\x21-\x7e]+$/.test(scope))
  if (!reading) return scopes
  return scopes.flatMap((scope) => {
    const { resource, actions } = splitScope(scope)
    if (!/^repository(?:\([^)]*\))?:/.test(resource)) return [scope]
    const kept = actions.filter((action) => action !== 'push' && action !== 'delete' && action !== '*')
    return kept.length === 0 ? [] : [joinScope(resource, new Set(kept))]
  })
}

/** The repository that the first repository scope names. */
export function scopeRepository(scopes: readonly string[] | undefined): string | undefined {
  for (const scope of scopes ?? []) {
    const name = /^repository:(.+):[^:]*$/.exec(scope)?.[1]
    if (name !== undefined) return name
  }
  return undefined
}

function splitScope(scope: string): { resource: string; actions: readonly string[] } {
  const colon = scope.lastIndexOf(':')
  if (colon <= 0) return { resource: scope, actions: [] }
  return {
    resource: scope.slice(0, colon),
    actions: scope
      .slice(colon + 1)
      .split(',')
      .filter((action) => action !== ''),
  }
}

function joinScope(resource: string, actions: ReadonlySet<string>): string {
  return actions.size === 0 ? resource : `${resource}:${[...actions].toSorted().join(',')}`
}
