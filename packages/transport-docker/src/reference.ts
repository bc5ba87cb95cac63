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
 * Every text may be a scope (containers-policy.json(5), "docker:"), so that a policy for others is read here, too; see `dockerScopeProblem` for
 * those that no image has.
 */
export function checkPolicyScope(_scope: string): void {}

/** Where the API of a registry is. Docker Hub's is elsewhere. */
export function apiHost(domain: string): string {
  return domain === 'docker.io' ? 'registry-1.docker.io' : domain
}

/** The host as users type it: the inverse of {@link apiHost}. */
export function userHost(host: string): string {
  return host === 'registry-1.docker.io' ? 'docker.io' : host
}
