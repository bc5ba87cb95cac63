import { pathScopeProblem } from '@crossdock/blob-files'
import { ImageError, MAX_NAME_CHARACTERS, quoteForeign } from '@crossdock/core'

/** Checks the path of a folder. All of the text is the path, colons and what looks like a digest included. Throws `INVALID_REFERENCE`. */
export function parsePath(text: string): string {
  const fail = (rule: string): ImageError =>
    new ImageError('INVALID_REFERENCE', `"dir:${quoteForeign(text, 200)}" names no folder: ${rule}`)
  if (text === '') throw fail('the path is missing; write dir:PATH')
  if (text.length > MAX_NAME_CHARACTERS) throw fail(`it is longer than ${MAX_NAME_CHARACTERS} characters`)
  if (text.includes('\0')) throw fail('a path cannot hold a NUL character')
  return text
}

/** Throws `INVALID_REFERENCE` unless the scope is an absolute, clean path other than the root. */
export function validateScope(scope: string): void {
  const problem = pathScopeProblem(scope)
  if (problem === undefined) return
  throw new ImageError('INVALID_REFERENCE', `"${quoteForeign(scope, 200)}" cannot be a policy scope of dir: ${problem}`)
}
