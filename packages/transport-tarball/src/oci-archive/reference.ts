import { pathPolicy, pathScopeProblem } from '@crossdock/blob-files'
import { type Digest, ImageError, isDigest, type PolicyIdentity, quoteForeign } from '@crossdock/core'
import { MAX_CHARACTERS, pathProblem, placeOf, splitPath } from '../archive-file/split-path.ts'

/** Which image of an archive a reference means. */
export interface OciArchiveSelection {
  /** The annotation `org.opencontainers.image.ref.name`; with a digest besides, the digest decides what is read. */
  readonly name?: string | undefined
  readonly digest?: Digest | undefined
  /** The place in `index.json`, from 0; for reading only. */
  readonly index?: number | undefined
}

export interface OciArchiveLocation extends OciArchiveSelection {
  /** The file as it was typed. */
  readonly path: string
}

// Separators as in image-spec, annotations.md, "Pre-Defined Annotation Keys", `org.opencontainers.image.ref.name`.
const NAME = /^[A-Za-z0-9]+(?:(?:--|[-._:@+])[A-Za-z0-9]+)*(?:\/[A-Za-z0-9]+(?:(?:--|[-._:@+])[A-Za-z0-9]+)*)*$/
const LOOKS_LIKE_DIGEST = /@(?:sha256|sha384|sha512|md5|blake3)(?::|$)/

/**
 * Reads `path`, `path:name`, `path@digest`, `path:name@digest` or `path:@N`, as `oci:` does. The path ends at the first colon, a drive
 * letter's apart; an `@` belongs to the path unless a digest follows. Throws `INVALID_REFERENCE`.
 */
export function parseLocation(text: string): OciArchiveLocation {
  const fail: Fail = (rule) =>
    new ImageError('INVALID_REFERENCE', `"oci-archive:${quoteForeign(text, 200)}" names no archive: ${rule}`)
  if (text.length > MAX_CHARACTERS) throw fail(`it is longer than ${MAX_CHARACTERS} characters`)
  const { before, digest } = cutDigest(text)
  const { path, rest = '' } = splitPath(before)
  const problem = pathProblem(path)
  if (problem !== undefined) throw fail(`${problem}; write PATH, PATH:NAME, PATH@DIGEST or PATH:@N`)
  if (LOOKS_LIKE_DIGEST.test(before)) {
    throw fail('a digest is sha256: with 64 or sha512: with 128 lower-case hexadecimal characters')
  }
  return { path, ...parseSelection(rest, digest, fail) }
}

type Fail = (rule: string) => ImageError

function parseSelection(name: string, digest: Digest | undefined, fail: Fail): OciArchiveSelection {
  const byDigest = digest === undefined ? {} : { digest }
  if (name === '') return byDigest
  if (name.startsWith('@')) {
    const index = placeOf(name)
    if (index === undefined) throw fail('what follows ":@" is the image\'s place in index.json, a whole number from 0')
    if (digest !== undefined) throw fail('give a place or a digest, not both')
    return { index }
  }
  if (NAME.test(name)) return { name, ...byDigest }
  throw fail(
    'a name is letters and digits, joined by single ".", "_", "-", ":", "@", "+" or by "--", in parts separated by "/"',
  )
}

function cutDigest(text: string): { readonly before: string; readonly digest: Digest | undefined } {
  const at = text.lastIndexOf('@')
  const digest = text.slice(at + 1)
  return at >= 0 && isDigest(digest) ? { before: text.slice(0, at), digest } : { before: text, digest: undefined }
}

/** What {@link parseLocation} reads back as an equal location. */
export function formatLocation({ path, name, digest, index }: OciArchiveLocation): string {
  if (index !== undefined) return `${path}:@${index}`
  return path + (name === undefined ? '' : `:${name}`) + (digest === undefined ? '' : `@${digest}`)
}

/** What a policy looks an archive up by: the file, then the file again and the folders above it. */
export function policyOf(file: string): PolicyIdentity {
  return pathPolicy(file, { namespacesFrom: 'path' })
}

/** Throws `INVALID_REFERENCE` unless the scope is an absolute, clean path other than the root, with an optional name. */
export function validateScope(scope: string): void {
  const { path, rest = '' } = splitPath(scope)
  const isNamed = rest === '' || NAME.test(rest)
  const problem =
    pathScopeProblem(path) ?? (isNamed ? undefined : 'what follows the colon must be the name of an image')
  if (problem === undefined) return
  throw new ImageError(
    'INVALID_REFERENCE',
    `"${quoteForeign(scope, 200)}" cannot be a policy scope of oci-archive: ${problem}`,
  )
}
