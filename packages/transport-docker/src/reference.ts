import {
  hideUserInfo,
  type DockerReference,
  familiarDockerReference,
  formatDockerReference,
  ImageError,
  parseDockerReference,
  type PolicyIdentity,
  quoteForeign,
  repositoryName,
} from '@crossdock/core'

/**
 * Reads `//` and a Docker reference. The tag is `latest` if neither tag nor digest is given; both together are allowed, the
 * digest then decides what is read. Throws `INVALID_REFERENCE`.
 */
export function parseReferenceText(text: string): DockerReference {
  if (!text.startsWith('//')) {
    throw malformed(`"docker:${quoteForeign(hideUserInfo(text), 200)}" does not begin with "docker://"`)
  }
  if (text === '//') throw malformed('"docker://" names no repository')
  const reference = parseDockerReference(text.slice(2))
  if (reference.tag !== undefined || reference.digest !== undefined) return reference
  return Object.freeze({ ...reference, tag: 'latest' })
}

function malformed(problem: string): ImageError {
  return new ImageError('INVALID_REFERENCE', `${problem}: write docker://[HOST[:PORT]/]REPOSITORY[:TAG][@DIGEST]`)
}

/** The form that `parseReferenceText` reads back: `//alpine:3.20`. */
export function printReference(reference: DockerReference): string {
  return `//${familiarDockerReference(reference)}`
}

/**
 * What a policy looks the reference up by (containers-policy.json(5), "docker"): identity `name:tag`, `name@digest` or, with
 * both, `name:tag@digest`; then the name, the paths above it, the host, and wildcards of the host.
 */
export function policyIdentity(reference: DockerReference): PolicyIdentity {
  const name = repositoryName(reference)
  const { tag, digest } = reference
  const narrower = tag !== undefined && digest !== undefined ? [`${name}@${digest}`, `${name}:${tag}`] : []
  return Object.freeze({
    identity: formatDockerReference(reference),
    namespaces: Object.freeze([...narrower, ...parents(name), ...wildcards(reference.domain)]),
  })
}

/** `a.example.com/b/c`, `a.example.com/b`, `a.example.com`. */
function parents(name: string): string[] {
  const components = name.split('/')
  return components.map((_, index) => components.slice(0, components.length - index).join('/'))
}

/** `*.example.com`, `*.com`, without the port. */
function wildcards(domain: string): string[] {
  const labels = hostOf(domain).split('.')
  return labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join('.')}`)
}

/**
 * Throws `INVALID_REFERENCE` unless some reference has the scope as its identity or among its namespaces, so that a line of a
 * policy that can never apply is found when the policy is read.
 */
export function checkPolicyScope(scope: string): void {
  const host = scope.startsWith('*.') ? scope.slice(2) : scope
  if (scope.startsWith('*.')) {
    if (!host.includes('/') && !host.includes(':') && isDomain(`x.${host}`)) return
    throw badScope(scope, 'after "*." it takes the rest of a host name, without port and path')
  }
  if (!scope.includes('/')) {
    if (isDomain(scope) && isWrittenAsHost(scope)) return
    throw badScope(
      scope,
      'a host name has a "." or a port, or is "localhost"; a repository is written with its host, docker.io/library/NAME',
    )
  }
  const domain = scope.slice(0, scope.indexOf('/'))
  if (!isWrittenAsHost(domain)) throw badScope(scope, `it does not begin with a host: write docker.io/${scope}`)
  const reference = parsed(scope, scope)
  if (reference.domain !== domain) throw badScope(scope, `images of ${domain} are looked up as ${reference.domain}/…`)
}

function isWrittenAsHost(text: string): boolean {
  return text.includes('.') || text.includes(':') || text === 'localhost'
}

function isDomain(text: string): boolean {
  try {
    return parseDockerReference(`${text}/x/y`).domain === text
  } catch {
    return false
  }
}

function parsed(text: string, scope: string): DockerReference {
  try {
    return parseDockerReference(text)
  } catch (error) {
    throw badScope(scope, error instanceof Error ? error.message : String(error))
  }
}

function badScope(scope: string, why: string): ImageError {
  return new ImageError(
    'INVALID_REFERENCE',
    `no docker:// image has the policy scope "${quoteForeign(scope, 200)}": ${why}`,
  )
}

/** A host without its port. */
function hostOf(domain: string): string {
  const colon = domain.lastIndexOf(':')
  return colon < 0 ? domain : domain.slice(0, colon)
}

/** Where the API of a registry is. Docker Hub's is elsewhere. */
export function apiHost(domain: string): string {
  return domain === 'docker.io' ? 'registry-1.docker.io' : domain
}

/** The host as users type it: the inverse of {@link apiHost}. */
export function userHost(host: string): string {
  return host === 'registry-1.docker.io' ? 'docker.io' : host
}
