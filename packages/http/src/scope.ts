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

export interface ChallengedRequest {
  /** The scopes that the request itself needs. */
  readonly own: readonly string[]
  readonly reading: boolean
}

const REPOSITORY = /^repository(?:\([^)]*\))?:/

/**
 * What is asked for of the scopes of a challenge, which are separated by spaces: no more than the request may need. Reading never
 * takes on writing, writing never deleting. Of repositories those count that the request names itself; where the server knows
 * it under another name, its first one counts. Only a request that names no scopes takes on those of other things.
 */
export function challengeScopes(text: string | undefined, { own, reading }: ChallengedRequest): string[] {
  const scopes = (text ?? '').split(/\s+/).filter((scope) => /^[\x21-\x7e]+$/.test(scope))
  const isWanted = wantedActions(own, reading)
  if (own.length === 0) return scopes.flatMap((scope) => narrowed(scope, isWanted))
  const named = new Set(own.map(repositoryOf))
  const repositories = scopes.filter((scope) => REPOSITORY.test(scope))
  const mine = repositories.filter((scope) => named.has(repositoryOf(scope)))
  return (mine.length > 0 ? mine : repositories.slice(0, 1)).flatMap((scope) => narrowed(scope, isWanted))
}

function wantedActions(own: readonly string[], reading: boolean): (action: string) => boolean {
  if (reading) return (action) => action !== 'push' && action !== 'delete' && action !== '*'
  const isDeleting = own.length === 0 || own.some((scope) => splitScope(scope).actions.includes('delete'))
  return (action) => isDeleting || (action !== 'delete' && action !== '*')
}

/** The scope with those of its actions that are wanted; none if none is. Scopes of other things than repositories stay. */
function narrowed(scope: string, isWanted: (action: string) => boolean): readonly string[] {
  const { resource, actions } = splitScope(scope)
  if (!REPOSITORY.test(resource)) return [scope]
  const kept = actions.filter(isWanted)
  return kept.length === 0 ? [] : [joinScope(resource, new Set(kept))]
}

/** The name, whatever the class: `repository(plugin):name:pull`. */
function repositoryOf(scope: string): string {
  return splitScope(scope).resource.replace(REPOSITORY, '')
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
