import {
  hideUserInfo,
  ImageError,
  isDigest,
  isTag,
  quoteForeign,
  type Digest,
  type PolicyIdentity,
} from '@crossdock/core'

/** Which image of the memory transport a reference means. With both, the digest decides what is read. */
export interface MemoryLocation {
  readonly repository: string
  /** Undefined if there is a digest alone; `latest` if there is neither. */
  readonly tag: string | undefined
  readonly digest: Digest | undefined
}

const REPOSITORY = /^[a-z0-9]+(?:[._-][a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-][a-z0-9]+)*)*$/

/** Reads `repository[:tag][@digest]`. Throws `INVALID_REFERENCE`. */
export function parseLocation(text: string): MemoryLocation {
  const at = text.indexOf('@')
  const digest = at < 0 ? undefined : text.slice(at + 1)
  if (digest !== undefined && !isDigest(digest)) throw invalid('what follows "@" must be a digest', text)
  const name = at < 0 ? text : text.slice(0, at)
  const colon = name.indexOf(':')
  const repository = colon < 0 ? name : name.slice(0, colon)
  if (!REPOSITORY.test(repository)) {
    throw invalid(
      'a repository is lower-case letters and digits, joined by ".", "_" and "-", in parts between "/"',
      text,
    )
  }
  const tag = colon < 0 ? undefined : name.slice(colon + 1)
  if (tag !== undefined && !isTag(tag)) throw invalid('what follows ":" must be a tag', text)
  return { repository, tag: tag ?? (digest === undefined ? 'latest' : undefined), digest }
}

/** What {@link parseLocation} reads back as an equal location. */
export function formatLocation({ repository, tag, digest }: MemoryLocation): string {
  return repository + (tag === undefined ? '' : `:${tag}`) + (digest === undefined ? '' : `@${digest}`)
}

/** The location, then its repository and the folders that the repository's name has. */
export function policyOf(location: MemoryLocation): PolicyIdentity {
  const namespaces: string[] = []
  for (let scope = location.repository; scope !== ''; scope = scope.slice(0, Math.max(0, scope.lastIndexOf('/')))) {
    namespaces.push(scope)
  }
  return Object.freeze({ identity: formatLocation(location), namespaces: Object.freeze(namespaces) })
}

function invalid(rule: string, text: string): ImageError {
  return new ImageError(
    'INVALID_REFERENCE',
    `"${quoteForeign(hideUserInfo(text), 200)}" is not a name in memory: ${rule}`,
  )
}
