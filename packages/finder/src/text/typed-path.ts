import path, { type PlatformPath } from 'node:path'

const BEGINS_AS_PATH = /^\.{1,2}(?:[\\/]|$)/
const ENDS_AS_ARCHIVE = /\.(?:aci|tgz|tar(?:\.(?:gz|zst|xz|bz2))?)$/

/**
 * The path that a text is by its form alone, made absolute; undefined if it is none. What lies in the folder does not count: a file that is
 * called as an image never takes its place.
 */
export function typedPath(text: string, folder: string, platform: PlatformPath = path): string | undefined {
  const isPath =
    platform.isAbsolute(text) || BEGINS_AS_PATH.test(text) || (!text.includes(':') && ENDS_AS_ARCHIVE.test(text))
  return isPath ? platform.resolve(folder, text) : undefined
}
