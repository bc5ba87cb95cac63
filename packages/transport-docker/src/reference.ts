import {
  hideUserInfo,
  type DockerReference,
  familiarDockerReference,
  ImageError,
  parseDockerReference,
  quoteForeign,
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
 * Almost every text may be a scope (containers-policy.json(5), "docker:"), so that a policy for others is read here, too; see `dockerScopeProblem` for
 * those that no image has. Throws `INVALID_REFERENCE` for a host in upper case: other programs take that for a host of its own, and here it would never
 * count.
 */
export function checkPolicyScope(scope: string): void {
  const [host = ''] = scope.split('/', 1)
  const lower = host.replace(/^[^:@]+/, (name) => name.toLowerCase())
  if (lower === host || !/[.:]/.test(host)) return
  throw new ImageError('INVALID_REFERENCE', `the host is to be in lower case, as images are looked up: ${lower}`)
}

/** Where the API of a registry is. Docker Hub's is elsewhere. */
export function apiHost(domain: string): string {
  return domain === 'docker.io' ? 'registry-1.docker.io' : domain
}

/** The host as users type it: the inverse of {@link apiHost}. */
export function userHost(host: string): string {
  return host === 'registry-1.docker.io' ? 'docker.io' : host
}
