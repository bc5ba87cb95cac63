import { ImageError, quoteForeign } from '@crossdock/core'

const MAX_CHARACTERS = 1024
const IDENTIFIER = /^[a-z0-9](?:[a-z0-9._~/-]*[a-z0-9])?$/
const BAD_COMPONENT = /(?:^|\/)\.{0,2}(?:\/|$)/
const NAME = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/

/**
 * What is wrong with an AC Identifier (appc spec, "AC Identifier Type"), the name of an image or a label; undefined if nothing is. `_` is taken
 * as its reader takes it; components that are empty, `.` or `..` are refused, since names become paths and URLs.
 */
export function aciIdentifierProblem(text: string): string | undefined {
  if (text.length > MAX_CHARACTERS) return `must have at most ${MAX_CHARACTERS} characters`
  if (!IDENTIFIER.test(text.replaceAll('_', '-')) || /^_|_$/.test(text)) {
    return 'must consist of a-z, 0-9 and "-._~/", with a letter or digit at both ends'
  }
  return BAD_COMPONENT.test(text) ? 'must not have a component that is empty, "." or ".."' : undefined
}

/** Throws `INVALID_DATA` unless it is an AC Identifier. */
export function checkAciIdentifier(text: string, where: string): string {
  return checked(text, where, aciIdentifierProblem(text))
}

/** Throws `INVALID_DATA` unless it is an AC Name (appc spec, "AC Name Type"), the name of a port or a mount point. */
export function checkAciName(text: string, where: string): string {
  const isName = text.length <= MAX_CHARACTERS && NAME.test(text)
  return checked(
    text,
    where,
    isName ? undefined : 'must consist of a-z, 0-9 and "-", with a letter or digit at both ends',
  )
}

/** The nearest AC Identifier: lower case, `_` for what it may not have. Throws `INVALID_DATA` if nothing remains. */
export function toAciIdentifier(text: string): string {
  const bare = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9._~/-]/g, '_')
    .split('/')
    .filter((part) => !/^\.{0,2}$/.test(part))
    .join('/')
  return trimmed(text, bare, /^[._~/-]+|[._~/-]+$/g)
}

/** The nearest AC Name: lower case, `-` for what it may not have. Throws `INVALID_DATA` if nothing remains. */
export function toAciName(text: string): string {
  return trimmed(text, text.toLowerCase().replaceAll(/[^a-z0-9-]/g, '-'), /^-+|-+$/g)
}

function trimmed(text: string, bare: string, ends: RegExp): string {
  const found = bare.slice(0, MAX_CHARACTERS).replaceAll(ends, '')
  if (found !== '') return found
  throw new ImageError('INVALID_DATA', `"${quoteForeign(text, 200)}" has no letter or digit that a name could have`)
}

function checked(text: string, where: string, problem: string | undefined): string {
  if (problem === undefined) return text
  throw new ImageError('INVALID_DATA', `${where} ${problem}, but is "${quoteForeign(text, 200)}"`)
}
