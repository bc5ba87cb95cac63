import type { TarEntry } from '../tar/entry.ts'

/** Records that a field of the entry expresses, or that describe the archive and not the file. */
const NOT_OF_THE_FILE =
  /^(path|linkpath|size|uid|gid|uname|gname|mtime|atime|ctime|hdrcharset|charset|comment|GNU\..*)$/

/** PAX records that belong to the file: extended attributes, access lists, what Windows layers say. */
export function attributesOf({ pax }: TarEntry): ReadonlyMap<string, string> {
  if (pax.size === 0) return pax
  return new Map([...pax].filter(([key]) => !NOT_OF_THE_FILE.test(key)))
}

export function sameAttributes(one: TarEntry, other: TarEntry): boolean {
  if (one.pax.size === 0 && other.pax.size === 0) return true
  const left = attributesOf(one)
  const right = attributesOf(other)
  return left.size === right.size && [...left].every(([key, value]) => right.get(key) === value)
}

export function sameOwner(one: TarEntry, other: TarEntry): boolean {
  return one.uid === other.uid && one.gid === other.gid
}
