import { basename } from 'node:path'
import { pathPolicy, pathScopeProblem } from '@crossdock/blob-files'
import { hideUserInfo, ImageError, type PolicyIdentity, quoteForeign } from '@crossdock/core'
import { aciIdentifierProblem, toAciIdentifier } from '@crossdock/formats'
import { MAX_CHARACTERS, pathProblem, splitPath } from '../split-path.ts'

export interface AciLocation {
  /** The file as it was typed. */
  readonly path: string
  /** What the image in it is called, or is to be called. */
  readonly name?: string | undefined
  /** Its label `version`. */
  readonly version?: string | undefined
}

/** Reads `path`, `path:name` or `path:name:version`. The path ends at the first colon, a drive letter's apart. Throws `INVALID_REFERENCE`. */
export function parseLocation(text: string): AciLocation {
  const fail = (rule: string): ImageError =>
    new ImageError(
      'INVALID_REFERENCE',
      `"aci:${quoteForeign(hideUserInfo(text), 200)}" names no App Container archive: ${rule}`,
    )
  if (text.length > MAX_CHARACTERS) throw fail(`it is longer than ${MAX_CHARACTERS} characters`)
  const { path, rest } = splitPath(text)
  const problem = pathProblem(path)
  if (problem !== undefined) throw fail(`${problem}; write PATH, PATH:NAME or PATH:NAME:VERSION`)
  if (rest === undefined) return { path }
  const colon = rest.indexOf(':')
  const [name, version] = colon < 0 ? [rest] : [rest.slice(0, colon), rest.slice(colon + 1)]
  const wrong = aciIdentifierProblem(name)
  if (wrong !== undefined) throw fail(`the name behind the path ${wrong}`)
  if (version === undefined) return { path, name }
  if (version === '' || /[\s,:]/.test(version))
    throw fail('the version must have a character, and no space, "," or ":"')
  return { path, name, version }
}

/** What {@link parseLocation} reads back as an equal location. */
export function formatLocation({ path, name, version }: AciLocation): string {
  return [path, name, version].filter((part) => part !== undefined).join(':')
}

/** What an image is called that has no name yet: as its file, without the ending. */
export function nameOfFile(file: string): string {
  const bare = basename(file).replace(/\.aci$/, '')
  return /[a-z0-9]/i.test(bare) ? toAciIdentifier(bare) : 'image'
}

/** What a policy looks an archive up by: the file, then the file again and the folders above it. */
export function policyOf(file: string): PolicyIdentity {
  return pathPolicy(file, { namespacesFrom: 'path' })
}

/** Throws `INVALID_REFERENCE` unless the scope is an absolute, clean path other than the root. */
export function validateScope(scope: string): void {
  const problem = pathScopeProblem(scope)
  if (problem === undefined) return
  throw new ImageError('INVALID_REFERENCE', `"${quoteForeign(scope, 200)}" cannot be a policy scope of aci: ${problem}`)
}
