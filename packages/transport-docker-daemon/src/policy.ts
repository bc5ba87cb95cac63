import {
  type DockerReference,
  formatDockerReference,
  ImageError,
  parseDockerReference,
  type PolicyIdentity,
  quoteForeign,
  repositoryName,
} from '@crossdock/core'

/**
 * What a policy looks an image with a name up by (containers-policy.json(5), "docker-daemon"): the name spelt out, then the repository, the
 * paths above it, the host, and wildcards of the host.
 */
export function policyOf(name: DockerReference): PolicyIdentity {
  const components = repositoryName(name).split('/')
  const above = components.map((_, cut) => components.slice(0, components.length - cut).join('/'))
  const [host = ''] = name.domain.split(':')
  const labels = host.split('.')
  const wildcards = labels.slice(1).map((_, cut) => `*.${labels.slice(cut + 1).join('.')}`)
  return Object.freeze({
    identity: formatDockerReference(name),
    namespaces: Object.freeze([...above, ...wildcards]),
  })
}

/** Throws `INVALID_REFERENCE` for a scope that no image with a name has. */
export function validateScope(scope: string): void {
  const ending = scope.startsWith('*.') ? `x.${scope.slice(2)}` : scope
  const could = [ending, `${ending}:x`, `${ending}/x:x`]
  if (could.some((text) => has(text, scope))) return
  throw new ImageError(
    'INVALID_REFERENCE',
    `"${quoteForeign(scope, 200)}" cannot be a policy scope of docker-daemon: a scope is an image spelt out (docker.io/library/NAME:TAG), a ` +
      'repository or part of one with its host, a host, or "*." and the rest of a host name',
  )
}

function has(text: string, scope: string): boolean {
  try {
    const { identity, namespaces } = policyOf(parseDockerReference(text))
    return identity === scope || namespaces.includes(scope)
  } catch (reason) {
    if (reason instanceof ImageError) return false
    throw reason
  }
}
