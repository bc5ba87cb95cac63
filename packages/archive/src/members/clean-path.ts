import { ImageError, quoteForeign } from '@crossdock/core'

export interface CleanPathOptions {
  /** Where the path stands, for messages. Default: `the archive`. */
  readonly what?: string | undefined
  /** `strip`: a path that begins with "/" counts from the root of the archive. Default: `refuse`. */
  readonly absolute?: 'refuse' | 'strip' | undefined
  /**
   * Refuses what Windows would read as something else: "\" as a separator, ":" behind a drive or before a stream. In an image
   * both are ordinary characters, so the default is false; set it before a path becomes one of the host.
   */
  readonly windows?: boolean | undefined
}

const LONGEST = 4096
const IS_CLEAN = /^(?!\.\.?(?:\/|$))[^/\0]+(?:\/(?!\.\.?(?:\/|$))[^/\0]+)*$/

/**
 * A member's path as one clean relative path: `./a//b/` is `a/b`, `./` is empty, the root. Throws `INVALID_DATA` for a path that is
 * empty, absolute, too long (4096 characters), has a NUL, or a ".." anywhere: also where it would stay inside, since with a link before it
 * it need not.
 */
export function cleanPath(path: string, options: CleanPathOptions = {}): string {
  if (path.length > LONGEST) throw refused(path, options, `is longer than ${LONGEST} characters`)
  if (options.windows === true && /[\\:]/.test(path)) throw refused(path, options, 'has a "\\" or ":"')
  if (IS_CLEAN.test(path)) return path
  if (path === '') throw refused(path, options, 'is empty')
  if (path.includes('\0')) throw refused(path, options, 'has a NUL')
  if (path.startsWith('/') && options.absolute !== 'strip') throw refused(path, options, 'is absolute')
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) throw refused(path, options, 'has a ".."')
  return parts.join('/')
}

/**
 * The path that a symbolic link at `path`, a clean path, leads to, as a clean path; undefined if it leads out of the archive.
 * It is judged by its text alone: links among the folders it passes are not followed.
 */
export function linkTarget(path: string, linkName: string): string | undefined {
  if (linkName === '' || linkName.length > LONGEST || linkName.startsWith('/') || linkName.includes('\0'))
    return undefined
  const parts = path.split('/').slice(0, -1)
  for (const part of linkName.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.pop() === undefined) return undefined
  }
  return parts.join('/')
}

function refused(path: string, { what = 'the archive' }: CleanPathOptions, problem: string): ImageError {
  return new ImageError('INVALID_DATA', `${what}: the path "${quoteForeign(path, 200)}" ${problem}`)
}
