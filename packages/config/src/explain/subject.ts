import { type DockerReference, parseDockerReference } from '@crossdock/core'

/** What is to be explained: an image, or a registry as a whole. */
export interface ExplainedSubject {
  readonly kind: 'host' | 'image'
  /** As it was written, without `docker://`. */
  readonly name: string
  /** Of a host its path is empty: no repository is meant, and none is called so. */
  readonly reference: DockerReference
}

/**
 * Tells a host from an image: a host has no path, and a dot or nothing but a port behind it, or is `localhost`; a slash at its end makes anything one.
 * `docker://` before it is left out. An image without tag and digest is its `:latest`. Throws `INVALID_REFERENCE`.
 */
export function explainedSubject(text: string): ExplainedSubject {
  const name = text.replace(/^docker:\/\//, '')
  const host = name.replace(/\/$/, '')
  if (!host.includes('/') && (host !== name || isHost(host))) {
    const { domain } = parseDockerReference(`${host}/x/y`)
    return { kind: 'host', name: domain, reference: { domain, path: '' } }
  }
  const reference = parseDockerReference(name)
  const isBare = reference.tag === undefined && reference.digest === undefined
  return { kind: 'image', name, reference: isBare ? { ...reference, tag: 'latest' } : reference }
}

function isHost(text: string): boolean {
  return /^localhost(?::[0-9]+)?$/.test(text) || /^[^:@]*\.[^:@]*(?::[0-9]+)?$/.test(text)
}
