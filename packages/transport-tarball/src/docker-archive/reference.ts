import { type DockerArchiveSelection, withTag } from '@crossdock/archive'
import {
  type DockerReference,
  formatDockerReference,
  hideUserInfo,
  ImageError,
  parseDockerReference,
  quoteForeign,
} from '@crossdock/core'
import { MAX_CHARACTERS, pathProblem, placeOf, splitPath } from '../split-path.ts'

export interface DockerArchiveLocation extends DockerArchiveSelection {
  /** The file as it was typed. */
  readonly path: string
}

/**
 * Reads `path`, `path:name[:tag]` or `path:@N`. The path ends at the first colon, a drive letter's apart; a missing tag is `latest`.
 * Throws `INVALID_REFERENCE`.
 */
export function parseLocation(text: string): DockerArchiveLocation {
  const fail: Fail = (rule, cause) =>
    new ImageError(
      'INVALID_REFERENCE',
      `"docker-archive:${quoteForeign(hideUserInfo(text), 200)}" names no archive: ${rule}`,
      {
        cause,
      },
    )
  if (text.length > MAX_CHARACTERS) throw fail(`it is longer than ${MAX_CHARACTERS} characters`)
  const { path, rest } = splitPath(text)
  const problem = pathProblem(path)
  if (problem !== undefined) throw fail(`${problem}; write PATH, PATH:NAME[:TAG] or PATH:@N`)
  return { path, ...parseSelection(rest, fail) }
}

type Fail = (rule: string, cause?: unknown) => ImageError

function parseSelection(text: string | undefined, fail: Fail): DockerArchiveSelection {
  if (text === undefined) return {}
  if (text === '') throw fail('the name behind the colon is missing')
  if (text.startsWith('@')) {
    const index = placeOf(text)
    if (index === undefined)
      throw fail('what follows ":@" is the image\'s place in manifest.json, a whole number from 0')
    return { index }
  }
  return { name: parseName(text, fail) }
}

function parseName(text: string, fail: Fail): DockerReference {
  let name: DockerReference
  try {
    name = parseDockerReference(text)
  } catch (reason) {
    throw fail(
      reason instanceof ImageError ? reason.message : 'what follows the path must be the name of an image',
      reason,
    )
  }
  if (name.digest !== undefined) throw fail('the archive knows images by name and tag, not by digest')
  return withTag(name)
}

/** What {@link parseLocation} reads back as an equal location. */
export function formatLocation({ path, name, index }: DockerArchiveLocation): string {
  if (index !== undefined) return `${path}:@${index}`
  return name === undefined ? path : `${path}:${formatDockerReference(name)}`
}

/** Throws `INVALID_REFERENCE`: no image of such an archive has an identity that a policy could name. */
export function refuseScope(scope: string): never {
  throw new ImageError(
    'INVALID_REFERENCE',
    `"${quoteForeign(scope, 200)}" cannot be a policy scope of docker-archive: there is only the default scope ""`,
  )
}
