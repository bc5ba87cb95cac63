import { formatDockerReference, ImageError, isTag, parseDockerReference, quoteForeign } from '@crossdock/core'

/** What a package says of its image. */
export interface PackageFacts {
  /** Default: `docker.io`. */
  readonly registry?: string | undefined
  /** Default: `linuxkit`, as its build files have it. */
  readonly organisation?: string | undefined
  readonly image: string
  /** What stands for the package's content, the hash of its tree for one. */
  readonly hash: string
  /**
   * What the tag is made of, with what is known in double braces: `{{.Hash}}`, `v1-{{.Hash}}-{{.Arch}}`. Default: `{{.Hash}}`.
   */
  readonly tag?: string | undefined
  /** Further things that the tag may name, by name. */
  readonly values?: Readonly<Record<string, string>> | undefined
}

const FIELD = /\{\{\s*\.([A-Za-z][A-Za-z0-9_]*)\s*\}\}/g

/**
 * The name of a package's image. Throws `INVALID_DATA` for a tag that names something unknown, or of which braces are left, and
 * `INVALID_REFERENCE` if what comes out is no name.
 */
export function packageName(facts: PackageFacts): string {
  const { registry = 'docker.io', organisation = 'linuxkit', image, hash, tag = '{{.Hash}}', values } = facts
  const known = new Map(Object.entries({ ...values, Hash: hash }))
  const made = tag.replaceAll(FIELD, (_, field: string) => {
    const value = known.get(field)
    if (value !== undefined) return value
    throw new ImageError(
      'INVALID_DATA',
      `the tag "${quoteForeign(tag, 200)}" names ".${field}"; known: ${[...known.keys()].toSorted().join(', ')}`,
    )
  })
  if (!isTag(made)) {
    throw new ImageError(
      'INVALID_DATA',
      `"${quoteForeign(tag, 200)}" makes "${quoteForeign(made, 200)}", which is no tag`,
    )
  }
  return formatDockerReference({ ...parseDockerReference(`${registry}/${organisation}/${image}`), tag: made })
}
