import type { Exchange } from './exchange.ts'

export type RegistryAction = 'pull' | 'push' | 'delete'

/** What somebody may do where. */
export interface AccessRule {
  /** One repository; `team/*` for all below `team/`; `*` for all. */
  readonly repository: string
  readonly actions: readonly RegistryAction[]
}

export const FULL_ACCESS: readonly AccessRule[] = [{ repository: '*', actions: ['pull', 'push', 'delete'] }]

export function isAllowed(rules: readonly AccessRule[], repository: string, action: RegistryAction): boolean {
  return rules.some((rule) => rule.actions.includes(action) && covers(rule.repository, repository))
}

function covers(pattern: string, repository: string): boolean {
  return pattern.endsWith('*') ? repository.startsWith(pattern.slice(0, -1)) : pattern === repository
}

/** What a request needs; undefined if it is about no repository. */
export function neededAccess(exchange: Exchange): AccessRule | undefined {
  const { route, method } = exchange
  if (!('repository' in route)) return undefined
  const { repository } = route
  if (route.kind === 'upload' || route.kind === 'mount') return { repository, actions: ['pull', 'push'] }
  if (method === 'DELETE') return { repository, actions: ['delete'] }
  return { repository, actions: method === 'GET' || method === 'HEAD' ? ['pull'] : ['pull', 'push'] }
}

/** The repository that a mount wants to take a blob from, if it names one. */
export function mountSource({ route, query }: Exchange): string | undefined {
  return route.kind === 'mount' ? (query.get('from') ?? undefined) : undefined
}
