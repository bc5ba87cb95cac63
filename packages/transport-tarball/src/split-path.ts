const DRIVE = /^[A-Za-z]:[\\/]/

/** The longest text that is looked at, in characters. */
export const MAX_CHARACTERS = 4096

/** Cuts at the first colon that is not a drive letter's (`C:\` or `C:/`). `rest` is undefined if there is none. */
export function splitPath(text: string): { readonly path: string; readonly rest: string | undefined } {
  const colon = text.indexOf(':', DRIVE.test(text) ? 2 : 0)
  return colon < 0 ? { path: text, rest: undefined } : { path: text.slice(0, colon), rest: text.slice(colon + 1) }
}

const PLACE = /^@(0|[1-9][0-9]{0,8})$/

/** The N of `@N`, a place in a list; undefined if it is none. */
export function placeOf(text: string): number | undefined {
  const digits = PLACE.exec(text)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** What is wrong with the path of a file; undefined if nothing is. */
export function pathProblem(path: string): string | undefined {
  if (path === '') return 'the path of the file is missing'
  return path.includes('\0') ? 'a path cannot hold a NUL character' : undefined
}
