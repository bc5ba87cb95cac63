import { ImageError, quoteForeign } from '@crossdock/core'
import { MAX_CHARACTERS, pathProblem, splitPath } from '../split-path.ts'
import { STANDARD } from '../standard-streams.ts'

export interface TarballLocation {
  /** The files as they were typed, from the base layer up; `-` alone is standard input. */
  readonly paths: readonly string[]
}

/**
 * Reads `path[:path…]` or `-`. A path ends at the next colon, a drive letter's (`C:\` or `C:/`) apart. Throws `INVALID_REFERENCE`.
 */
export function parseLocation(text: string): TarballLocation {
  const fail = (rule: string): ImageError =>
    new ImageError('INVALID_REFERENCE', `"tarball:${quoteForeign(text, 200)}" names no files: ${rule}`)
  if (text.length > MAX_CHARACTERS) throw fail(`it is longer than ${MAX_CHARACTERS} characters`)
  const paths: string[] = []
  for (let left: string | undefined = text; left !== undefined;) {
    const { path, rest } = splitPath(left)
    const problem = pathProblem(path)
    if (problem !== undefined) throw fail(`${problem}; write PATH[:PATH…] or "-" for standard input`)
    paths.push(path)
    left = rest
  }
  if (paths.length > 1 && paths.includes(STANDARD)) {
    throw fail('standard input cannot be one of several layers; write ./- for a file of that name')
  }
  return { paths: Object.freeze(paths) }
}

/** What {@link parseLocation} reads back as an equal location. */
export function formatLocation({ paths }: TarballLocation): string {
  return paths.join(':')
}

/** Throws `INVALID_REFERENCE`: such an image has no identity that a policy could name. */
export function refuseScope(scope: string): never {
  throw new ImageError(
    'INVALID_REFERENCE',
    `"${quoteForeign(scope, 200)}" cannot be a policy scope of tarball: there is only the default scope ""`,
  )
}
