import { type DockerReference, formatDockerReference, parseDockerReference } from '@crossdock/core'

/** Whether a name leaves its registry out: `alpine`, `library/alpine:3.20`. False for what is no image name at all. */
export function isShortName(name: string): boolean {
  return read(name) !== undefined && !hasHost(name)
}

/** Why a name cannot have an alias; undefined if it can. */
export function aliasNameProblem(name: string): string | undefined {
  const reference = read(name)
  if (reference === undefined) return 'it is not an image name'
  if (hasTagOrDigest(reference)) return 'an alias is for a name without tag and digest'
  return hasHost(name) ? 'a name with a registry is not short, and has no alias' : undefined
}

/** The repository that the text of an alias means; undefined unless it names its registry, and neither a tag nor a digest. */
export function aliasTarget(text: string): string | undefined {
  const reference = read(text)
  if (reference === undefined || hasTagOrDigest(reference) || !hasHost(text)) return undefined
  return formatDockerReference(reference)
}

/** The first component counts as a host as it does wherever image names are read. */
function hasHost(name: string): boolean {
  const slash = name.indexOf('/')
  const first = slash < 0 ? '' : name.slice(0, slash)
  return first === 'localhost' || /[.:]/.test(first)
}

function hasTagOrDigest({ tag, digest }: DockerReference): boolean {
  return tag !== undefined || digest !== undefined
}

function read(name: string): DockerReference | undefined {
  try {
    return parseDockerReference(name)
  } catch {
    return undefined
  }
}
