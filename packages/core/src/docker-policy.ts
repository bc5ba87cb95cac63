import {
  type DockerReference,
  formatDockerReference,
  parseDockerReference,
  repositoryName,
} from './docker-reference.ts'
import { ImageError } from './errors.ts'
import type { PolicyIdentity } from './reference.ts'

/**
 * What a policy looks a Docker reference up by (containers-policy.json(5), "docker"): identity `name:tag`, `name@digest` or, with
 * both, `name:tag@digest`; then the name, the paths above it, the host, and wildcards of the host. A host with the port 443 is the same without it: its
 * names are looked up in both ways.
 */
export function dockerPolicyIdentity(reference: DockerReference): PolicyIdentity {
  const { domain } = reference
  const [identity, ...namespaces] = namesOf(reference)
  const bare = domain.endsWith(':443') ? namesOf({ ...reference, domain: domain.slice(0, -':443'.length) }) : []
  return Object.freeze({
    identity,
    namespaces: Object.freeze([...namespaces, ...bare, ...wildcards(domain)]),
  })
}

/** From the whole name to the host. */
function namesOf(reference: DockerReference): readonly [string, ...string[]] {
  const name = repositoryName(reference)
  const { tag, digest } = reference
  const narrower = tag !== undefined && digest !== undefined ? [`${name}@${digest}`, `${name}:${tag}`] : []
  return [formatDockerReference(reference), ...narrower, ...parents(name)]
}

/** `a.example.com/b/c`, `a.example.com/b`, `a.example.com`. */
function parents(name: string): string[] {
  const components = name.split('/')
  return components.map((_, index) => components.slice(0, components.length - index).join('/'))
}

/** `*.example.com`, `*.com`, without the port. */
function wildcards(domain: string): string[] {
  const labels = domain.replace(/:[^:]*$/, '').split('.')
  return labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join('.')}`)
}

/**
 * Why no Docker reference has the scope as its identity or among its namespaces, so that a line of a policy that can never apply is
 * found when the policy is read; undefined if one has.
 */
export function dockerScopeProblem(scope: string): string | undefined {
  if (scope.startsWith('*.')) {
    const host = scope.slice(2)
    if (!host.includes('/') && !host.includes(':') && isRestOfDomain(host)) return undefined
    return 'after "*." it takes the rest of a host name, without port and path'
  }
  if (!scope.includes('/')) {
    if (isDomain(scope) && isWrittenAsHost(scope)) return undefined
    return 'a host name has a "." or a port, or is "localhost"; a repository is written with its host, docker.io/library/NAME'
  }
  const domain = scope.slice(0, scope.indexOf('/'))
  if (!isWrittenAsHost(domain)) return `it does not begin with a host: write docker.io/${scope}`
  return problemOfName(scope, domain)
}

function problemOfName(scope: string, domain: string): string | undefined {
  try {
    const reference = parseDockerReference(scope)
    return reference.domain === domain ? undefined : `images of ${domain} are looked up as ${reference.domain}/…`
  } catch (reason) {
    if (reason instanceof ImageError) return reason.message
    throw reason
  }
}

function isWrittenAsHost(text: string): boolean {
  return text.includes('.') || text.includes(':') || text === 'localhost'
}

/** Of an address, too, whose wildcards are nothing that anybody writes. */
function isRestOfDomain(text: string): boolean {
  return ['x', '0', '0.0', '0.0.0'].some((first) => isDomain(`${first}.${text}`))
}

function isDomain(text: string): boolean {
  try {
    return parseDockerReference(`${text}/x/y`).domain === text
  } catch {
    return false
  }
}
