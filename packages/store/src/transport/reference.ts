import {
  type Digest,
  dockerPolicyIdentity,
  type DockerReference,
  dockerScopeProblem,
  familiarDockerReference,
  formatDockerReference,
  hideUserInfo,
  ImageError,
  isDigest,
  MAX_NAME_CHARACTERS,
  parseDockerReference,
  type PolicyIdentity,
  quoteForeign,
} from '@crossdock/core'

/** What a reference into a store means. */
export interface StoreLocation {
  /** The name that is written; undefined if a digest alone is given. */
  readonly name?: string | undefined
  /** Decides what is read, whatever the name stands for. */
  readonly digest?: Digest | undefined
  /** The name as a Docker reference, if it is one, with the digest. */
  readonly docker?: DockerReference | undefined
}

/**
 * Reads a name, `NAME@DIGEST` or a digest. Names of images are filled in as Docker does it: `alpine` is
 * `docker.io/library/alpine:latest`. Others are taken as they are. Throws `INVALID_REFERENCE`.
 */
export function parseLocation(text: string): StoreLocation {
  if (isDigest(text)) return { digest: text }
  const behind = text.slice(text.lastIndexOf('@') + 1)
  if ((text.includes('@') || LOOKS_LIKE_DIGEST.test(behind)) && !isDigest(behind))
    throw problem(text, 'a digest is sha256: with 64 or sha512: with 128 lower-case hexadecimal characters')
  const docker = dockerReferenceOf(text)
  if (docker !== undefined) return { name: nameOf(docker), digest: docker.digest, docker }
  const at = text.lastIndexOf('@')
  const digest = text.slice(at + 1)
  if (at > 0 && isDigest(digest)) return { name: checkName(text.slice(0, at)), digest }
  return { name: checkName(text) }
}

/** What `parseLocation` reads back as an equal location. */
export function formatLocation({ name, digest, docker }: StoreLocation): string {
  if (docker !== undefined) return familiarDockerReference(docker)
  return [name, digest].filter((part) => part !== undefined).join('@')
}

/**
 * The name that an image has in a store: of a Docker reference all that is left out is filled in, the digest is left out if there is a tag.
 * Throws `INVALID_REFERENCE`, for a digest alone, too.
 */
export function storeImageName(text: string): string {
  const { name } = parseLocation(text)
  if (name !== undefined) return name
  throw problem(text, 'it is a digest; a name is needed')
}

/**
 * The names to look for, in this order. Other programs give images in a layout short names: `alpine:3.20`, or a bare tag.
 */
export function namesToTry({ name, docker }: StoreLocation): readonly string[] {
  if (name === undefined) return []
  if (docker === undefined) return [name]
  const familiar = familiarDockerReference(parseDockerReference(name))
  const bare = familiar.endsWith(':latest') ? [familiar.slice(0, -':latest'.length)] : []
  return [...new Set([name, familiar, ...bare])]
}

/** As `docker:` has it, so that one policy fits both; none for names that are no Docker references. */
export function policyOf({ docker }: StoreLocation): PolicyIdentity | undefined {
  return docker === undefined ? undefined : dockerPolicyIdentity(docker)
}

/** Throws `INVALID_REFERENCE` for a scope that no image's name has. */
export function validateScope(scope: string): void {
  const reason = dockerScopeProblem(scope)
  if (reason === undefined) return
  throw new ImageError(
    'INVALID_REFERENCE',
    `"${quoteForeign(scope, 200)}" cannot be a policy scope of images in a store: ${reason}`,
  )
}

function dockerReferenceOf(text: string): DockerReference | undefined {
  try {
    const parsed = parseDockerReference(text)
    const isBare = parsed.tag === undefined && parsed.digest === undefined
    return isBare ? Object.freeze({ ...parsed, tag: 'latest' }) : parsed
  } catch (reason) {
    if (reason instanceof ImageError) return undefined
    throw reason
  }
}

function nameOf(docker: DockerReference): string {
  const { digest: _, ...tagged } = docker
  return formatDockerReference(docker.tag === undefined ? docker : tagged)
}

const LOOKS_LIKE_DIGEST = /^(?:sha256|sha384|sha512|md5|blake3)(?::|$)/

function checkName(name: string): string {
  if (name === '') throw problem(name, 'it is empty')
  if (name.length > MAX_NAME_CHARACTERS) throw problem(name, `it is longer than ${MAX_NAME_CHARACTERS} characters`)
  if (!name.isWellFormed() || /[\p{Cc}\p{Cf}\p{Z}]/u.test(name))
    throw problem(name, 'a name has no spaces and control characters')
  if (/:$|^[@:/]/.test(name)) throw problem(name, 'a part is missing; write NAME[:TAG][@DIGEST] or DIGEST')
  return name
}

function problem(text: string, rule: string): ImageError {
  const shown = quoteForeign(hideUserInfo(text), 200)
  return new ImageError('INVALID_REFERENCE', `"store:${shown}" names no image of a store: ${rule}`)
}
