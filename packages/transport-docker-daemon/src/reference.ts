import {
  type Digest,
  type DockerReference,
  familiarDockerReference,
  formatDockerReference,
  hideUserInfo,
  ImageError,
  isDigest,
  parseDigest,
  parseDockerReference,
  quoteForeign,
} from '@crossdock/core'

/** An image that an engine has, or shall have: by name or by image ID. */
export type DaemonLocation = NamedLocation | IdLocation

export interface NamedLocation {
  /** Fully explicit, with a tag or with a digest, never with both. */
  readonly name: DockerReference
}

export interface IdLocation {
  /** What the engine calls the image by; for reading only. */
  readonly id: Digest
}

/** A name that would be taken for an image ID (distribution/reference has no such rule; `docker` and skopeo have). */
const RESERVED = 'docker.io/library/sha256'

/**
 * Reads `name:tag`, `name@digest` or an image ID, `sha256:` with 64 hexadecimal characters. There is no default tag. Throws `INVALID_REFERENCE`.
 */
export function parseLocation(text: string): DaemonLocation {
  const fail = (rule: string, cause?: unknown): ImageError =>
    new ImageError(
      'INVALID_REFERENCE',
      `"docker-daemon:${quoteForeign(hideUserInfo(text), 200)}" names no image: ${rule}`,
      { cause },
    )
  if (isDigest(text)) {
    if (text.startsWith('sha256:')) return Object.freeze({ id: parseDigest(text) })
    throw fail('an image ID is sha256: with 64 hexadecimal characters')
  }
  const name = parseName(text, fail)
  if (`${name.domain}/${name.path}` === RESERVED) {
    throw fail(
      '"sha256" is no name of a repository here; an image ID is sha256: with 64 lower-case hexadecimal characters',
    )
  }
  if (name.tag === undefined && name.digest === undefined) {
    throw fail(`the tag is missing; write ${quoteForeign(text, 200)}:latest`)
  }
  if (name.tag !== undefined && name.digest !== undefined) throw fail('give a tag or a digest, not both')
  return Object.freeze({ name })
}

function parseName(text: string, fail: (rule: string, cause?: unknown) => ImageError): DockerReference {
  try {
    return parseDockerReference(text)
  } catch (reason) {
    throw fail(reason instanceof ImageError ? reason.message : 'NAME:TAG, NAME@DIGEST or an image ID is needed', reason)
  }
}

/** What {@link parseLocation} reads back as an equal location; also what an engine is asked by. */
export function formatLocation(location: DaemonLocation): string {
  return 'id' in location ? location.id : familiarDockerReference(location.name)
}

/** The name spelt out, as archives of engines have it; undefined for an image ID. */
export function explicitName(location: DaemonLocation): string | undefined {
  return 'id' in location ? undefined : formatDockerReference(location.name)
}
