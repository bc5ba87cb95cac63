import { type Digest, ImageError, isDigest, quoteForeign } from '@crossdock/core'

/** Which image of a layout a reference means. */
export interface LayoutSelection {
  /** The annotation `org.opencontainers.image.ref.name`; with a digest besides, the digest decides what is read. */
  readonly name?: string | undefined
  readonly digest?: Digest | undefined
  /** The place in `index.json`, from 0; for reading only. */
  readonly index?: number | undefined
}

export interface LayoutLocation extends LayoutSelection {
  /** The folder or file as it was typed. */
  readonly path: string
}

// Separators as in image-spec, annotations.md, "Pre-Defined Annotation Keys", `org.opencontainers.image.ref.name`.
const NAME = /^[A-Za-z0-9]+(?:(?:--|[-._:@+])[A-Za-z0-9]+)*(?:\/[A-Za-z0-9]+(?:(?:--|[-._:@+])[A-Za-z0-9]+)*)*$/
const INDEX = /^@(0|[1-9][0-9]{0,8})$/
const DRIVE = /^[A-Za-z]:[\\/]/
const LOOKS_LIKE_DIGEST = /@(?:sha256|sha384|sha512|md5|blake3)(?::|$)/
const MAX_CHARACTERS = 4096

export interface LayoutGrammar {
  /** The transport's name. */
  readonly transport: string
  /** What a reference names, for messages: `image layout`. */
  readonly names: string
  /** What the path is of: `folder`, `file`. */
  readonly place: string
}

/**
 * Reads `path`, `path:name`, `path@digest`, `path:name@digest` or `path:@N`. The path ends at the first colon, a drive
 * letter's (`C:\` or `C:/`) apart; an `@` belongs to the path unless a digest follows. Throws `INVALID_REFERENCE`.
 */
export function parseLayoutLocation(text: string, { transport, names, place }: LayoutGrammar): LayoutLocation {
  const fail: Fail = (rule) =>
    new ImageError('INVALID_REFERENCE', `"${transport}:${quoteForeign(text, 200)}" names no ${names}: ${rule}`)
  if (text.length > MAX_CHARACTERS) throw fail(`it is longer than ${MAX_CHARACTERS} characters`)
  const { rest, digest } = cutDigest(text)
  const { path, name } = cutLayoutName(rest)
  if (path === '') throw fail(`the path of the ${place} is missing; write PATH, PATH:NAME, PATH@DIGEST or PATH:@N`)
  if (path.includes('\0')) throw fail('a path cannot hold a NUL character')
  if (LOOKS_LIKE_DIGEST.test(rest)) {
    throw fail('a digest is sha256: with 64 or sha512: with 128 lower-case hexadecimal characters')
  }
  return { path, ...parseSelection(name, digest, fail) }
}

type Fail = (rule: string) => ImageError

function parseSelection(name: string, digest: Digest | undefined, fail: Fail): LayoutSelection {
  const byDigest = digest === undefined ? {} : { digest }
  if (name === '') return byDigest
  if (name.startsWith('@')) {
    const index = INDEX.exec(name)?.[1]
    if (index === undefined) throw fail('what follows ":@" is the image\'s place in index.json, a whole number from 0')
    if (digest !== undefined) throw fail('give a place or a digest, not both')
    return { index: Number(index) }
  }
  if (isLayoutName(name)) return { name, ...byDigest }
  throw fail(
    'a name is letters and digits, joined by single ".", "_", "-", ":", "@", "+" or by "--", in parts separated by "/"',
  )
}

/** What {@link parseLayoutLocation} reads back as an equal location. */
export function formatLayoutLocation({ path, name, digest, index }: LayoutLocation): string {
  if (index !== undefined) return `${path}:@${index}`
  return path + (name === undefined ? '' : `:${name}`) + (digest === undefined ? '' : `@${digest}`)
}

function cutDigest(text: string): { rest: string; digest: Digest | undefined } {
  const at = text.lastIndexOf('@')
  const digest = text.slice(at + 1)
  return at >= 0 && isDigest(digest) ? { rest: text.slice(0, at), digest } : { rest: text, digest: undefined }
}

/** Cuts at the first colon that is not a drive letter's; the name is empty if there is none. */
export function cutLayoutName(text: string): { path: string; name: string } {
  const colon = text.indexOf(':', DRIVE.test(text) ? 2 : 0)
  return colon < 0 ? { path: text, name: '' } : { path: text.slice(0, colon), name: text.slice(colon + 1) }
}

function isLayoutName(text: string): boolean {
  return NAME.test(text)
}
