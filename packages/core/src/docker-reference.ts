import { isDigest, parseDigest, type Digest } from './digest.ts'
import { hideUserInfo, ImageError, quoteForeign } from './errors.ts'

/** A Docker reference, fully explicit: `docker.io/library/alpine:3.20`. Either of `tag` and `digest`, or both, may be absent. */
export interface DockerReference {
  /** Host and, if given, port: `docker.io`, `localhost:5000`. */
  readonly domain: string
  /** Repository within the domain: `library/alpine`. */
  readonly path: string
  readonly tag?: string | undefined
  readonly digest?: Digest | undefined
}

const MAX_REPOSITORY_CHARACTERS = 255
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const HOST_LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/
const BARE_IDENTIFIER = /^[a-f0-9]{64}$/

/**
 * Reads a reference as Docker users write it and fills in what they leave out: `docker.io`, and `library/` there. The tag is
 * not filled in. A host has one name, in lower case: what is said of it by a policy counts however it is typed. Throws `INVALID_REFERENCE` naming the rule that is broken.
 *
 * Grammar: github.com/distribution/reference, "Grammar"; IPv6 literals are not accepted: no policy scope could name them.
 */
export function parseDockerReference(text: string): DockerReference {
  const fail = failure(text)
  if (text === '') throw fail('it is empty')
  if (text.length > 1024) throw fail('it is longer than 1024 characters')
  if (isImageId(text)) throw fail('this is an image ID or a digest: write REPOSITORY@DIGEST')
  const { name, tag, digest } = cutSuffixes(text, fail)
  const { domain, path } = splitDomain(name)
  checkDomain(domain, fail)
  checkPath(path, fail)
  if (domain.length + 1 + path.length > MAX_REPOSITORY_CHARACTERS) {
    throw fail(`the repository's full name is longer than ${MAX_REPOSITORY_CHARACTERS} characters`)
  }
  return Object.freeze({ domain, path, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) })
}

/** `domain/path`, the repository's full name. */
export function repositoryName(reference: DockerReference): string {
  return `${reference.domain}/${reference.path}`
}

/** Everything spelt out: `docker.io/library/alpine:3.20@sha256:…`. */
export function formatDockerReference(reference: DockerReference): string {
  return repositoryName(reference) + suffix(reference)
}

/** As people write it: `alpine:3.20`. Parsing it gives the same reference. */
export function familiarDockerReference(reference: DockerReference): string {
  const familiar = familiarName(reference) + suffix(reference)
  // What would read back as an image ID keeps its domain.
  return isImageId(familiar) ? formatDockerReference(reference) : familiar
}

export function isTag(text: string): boolean {
  return TAG.test(text)
}

function suffix({ tag, digest }: DockerReference): string {
  return (tag === undefined ? '' : `:${tag}`) + (digest === undefined ? '' : `@${digest}`)
}

function familiarName({ domain, path }: DockerReference): string {
  if (domain !== 'docker.io') return `${domain}/${path}`
  const short = path.startsWith('library/') ? path.slice('library/'.length) : path
  if (!short.includes('/')) return short
  return looksLikeDomain(short.slice(0, short.indexOf('/'))) ? `docker.io/${path}` : path
}

function isImageId(text: string): boolean {
  return BARE_IDENTIFIER.test(text) || isDigest(text)
}

type Fail = (rule: string) => ImageError

function failure(text: string): Fail {
  return (rule) =>
    new ImageError(
      'INVALID_REFERENCE',
      `"${quoteForeign(hideUserInfo(text), 200)}" is not a valid image reference: ${rule}`,
    )
}

function cutSuffixes(text: string, fail: Fail): { name: string; tag: string | undefined; digest: Digest | undefined } {
  const at = text.indexOf('@')
  let digest: Digest | undefined
  if (at >= 0) {
    try {
      digest = parseDigest(text.slice(at + 1))
    } catch {
      throw fail(
        'what follows "@" must be a digest, sha256: with 64 or sha512: with 128 lower-case hexadecimal characters',
      )
    }
  }
  const rest = at < 0 ? text : text.slice(0, at)
  const colon = rest.lastIndexOf(':')
  if (colon < 0 || rest.includes('/', colon)) return { name: rest, tag: undefined, digest }
  const tag = rest.slice(colon + 1)
  if (!TAG.test(tag))
    throw fail('a tag takes 1 to 128 letters, digits, "_", "." and "-", and begins with neither "." nor "-"')
  return { name: rest.slice(0, colon), tag, digest }
}

function splitDomain(name: string): { domain: string; path: string } {
  const slash = name.indexOf('/')
  const first = slash < 0 ? '' : name.slice(0, slash)
  const hasDomain = slash >= 0 && looksLikeDomain(first)
  const host = first.toLowerCase()
  const domain = hasDomain && !isDockerHub(host) ? host : 'docker.io'
  const path = hasDomain ? name.slice(slash + 1) : name
  return { domain, path: domain === 'docker.io' && !path.includes('/') ? `library/${path}` : path }
}

function looksLikeDomain(first: string): boolean {
  return first.includes('.') || first.includes(':') || first === 'localhost'
}

function isDockerHub(domain: string): boolean {
  return domain === 'index.docker.io' || domain === 'registry-1.docker.io'
}

function checkDomain(domain: string, fail: Fail): void {
  const colon = domain.indexOf(':')
  const host = colon < 0 ? domain : domain.slice(0, colon)
  if (domain.startsWith('[')) throw fail('IPv6 addresses are not accepted: use a host name')
  if (!host.split('.').every((label) => HOST_LABEL.test(label))) {
    throw fail(`"${quoteForeign(host, 80)}" is not a host name (letters, digits and inner hyphens between dots)`)
  }
  if (NUMBER.test(host.slice(host.lastIndexOf('.') + 1)) && !isAddress(host)) {
    throw fail(`"${quoteForeign(host, 80)}" is read as a number: write an IPv4 address as four decimal numbers`)
  }
  if (colon < 0) return
  const port = domain.slice(colon + 1)
  if (!/^[1-9][0-9]{0,4}$/.test(port) || Number(port) > 65_535) {
    throw fail('the port must be 1 to 65535, and begins with no 0')
  }
}

/** A host that ends like this is an IPv4 address, whatever way it is written in (URL Standard, section 3.5, "ends in a number"). */
const NUMBER = /^(?:[0-9]+|0x[0-9a-f]*)$/i

/** In the one form that has no second. */
function isAddress(host: string): boolean {
  const parts = host.split('.')
  return parts.length === 4 && parts.every((part) => /^(?:0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255)
}

function checkPath(path: string, fail: Fail): void {
  const components = path.split('/')
  if (components.every((component) => COMPONENT.test(component))) return
  if (/[A-Z]/.test(path)) throw fail('the repository must be lower case')
  throw fail('a repository is components of a-z and 0-9, joined inside by ".", "_", "__" or hyphens, separated by "/"')
}
