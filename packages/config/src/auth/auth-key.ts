import { ImageError, quoteForeign } from '@crossdock/core'
import { lowerCaseHost } from '../host/lower-case-host.ts'

/** What credentials are kept for: a registry, or a part of one. */
export interface AuthKey {
  /** `quay.io/team`: the key in an auth.json. */
  readonly text: string
  /** With its port: `localhost:5000`; `docker.io` for Docker Hub, whatever it was called. */
  readonly host: string
  /** A repository or what several begin with: `team/app`. Undefined: the whole host. */
  readonly path: string | undefined
}

/** Docker Hub, as users call it. */
export const DOCKER_HUB = 'docker.io'
const HUB_HOSTS: ReadonlySet<string> = new Set([DOCKER_HUB, 'index.docker.io', 'registry-1.docker.io'])
/** Under which the `docker` command keeps the credentials of Docker Hub. */
export const DOCKER_HUB_KEY = 'https://index.docker.io/v1/'

const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/
const PATH = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/

/**
 * Reads `HOST[:PORT][/PATH]`. Throws `INVALID_REFERENCE` for what credentials cannot be kept for: a URL, a tag, a digest
 * (containers-auth.json(5), "FORMAT").
 */
export function parseAuthKey(text: string): AuthKey {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) throw malformed(text, 'it has a scheme; leave that out')
  if (text.includes('@')) throw malformed(text, 'it has an "@"; credentials are for repositories, not for one digest')
  const slash = text.indexOf('/')
  const host = slash < 0 ? text : text.slice(0, slash)
  const path = slash < 0 ? undefined : text.slice(slash + 1)
  if (path?.includes(':') === true) {
    throw malformed(text, 'it has a ":" behind the host; credentials are for repositories, not for one tag')
  }
  if (!HOST.test(host)) throw malformed(text, 'it does not begin with the name of a host')
  if (path !== undefined && !PATH.test(path)) throw malformed(text, 'what follows the host is no repository')
  const known = canonicalHost(host)
  return { text: path === undefined ? known : `${known}/${path}`, host: known, path }
}

function malformed(text: string, why: string): ImageError {
  // A URL may carry a password.
  const shown = text.includes('@') ? '' : `"${quoteForeign(text, 200)}" `
  return new ImageError(
    'INVALID_REFERENCE',
    `${shown}is not what credentials are kept for: ${why}; write HOST[:PORT] or HOST[:PORT]/REPOSITORY`,
  )
}

/** One name for each registry, in lower case: Docker Hub has several, and 443 is the port that nobody writes. */
export function canonicalHost(host: string): string {
  const lower = lowerCaseHost(host)
  const bare = lower.endsWith(':443') ? lower.slice(0, -':443'.length) : lower
  return HUB_HOSTS.has(bare) ? DOCKER_HUB : bare
}

/** Keys that count for a repository, the closest first: `quay.io/team/app`, `quay.io/team`, `quay.io`. */
export function keysUpwards({ host, path }: Pick<AuthKey, 'host' | 'path'>): readonly string[] {
  const parts = path === undefined ? [] : path.split('/')
  return [...parts.map((_, index) => [host, ...parts.slice(0, parts.length - index)].join('/')), host]
}

/** What a key that is no exact one stands for: old ones are URLs, of which the host counts. */
export function hostOfKey(key: string, { legacy = false }: { readonly legacy?: boolean } = {}): string {
  const bare = key.replace(/^https?:\/\//, '')
  return canonicalHost(legacy || bare !== key ? bare.replace(/\/.*$/s, '') : bare)
}

/** Under which a helper may know a host: what was asked for, and for Docker Hub what the `docker` command calls it. */
export function helperKeys(host: string, asked: string = host): readonly string[] {
  return canonicalHost(host) === DOCKER_HUB ? [...new Set([asked, DOCKER_HUB_KEY, DOCKER_HUB])] : [asked]
}
