import { ImageError, quoteForeign } from '@crossdock/core'
import type { TarEntry } from '../tar/entry.ts'
import type { TarIndex } from '../tar/index-tar.ts'
import { cleanPath, linkTarget } from './clean-path.ts'

/** `docker save` needs one: a layer's place is a link to the same layer of another image. */
const MAX_LINKS = 4

/**
 * The file that has a path in the archive, or that links there lead to, inside the archive and never out of it. Of several members
 * with the path the last one counts. Throws `NOT_FOUND`, and `INVALID_DATA` for a link that leads out, in a circle, to nothing or over more than four
 * links, and for what is not a file.
 */
export function findFile(index: TarIndex, path: string): TarEntry {
  const { what } = index
  let clean = cleanPath(path, { what })
  const first = index.byPath.get(clean)
  if (first === undefined) throw new ImageError('NOT_FOUND', `${what} has no member ${quoted(path)}`)
  let entry = first
  for (let links = 0; links <= MAX_LINKS; links += 1) {
    if (entry.type === 'file') return entry
    if (entry.type !== 'symlink' && entry.type !== 'hardlink') {
      throw new ImageError('INVALID_DATA', `${what}: ${quoted(path)} should be a file, but it is a ${entry.type}`)
    }
    clean = entry.type === 'symlink' ? followSymlink(index, clean, entry) : followHardlink(index, entry)
    const next = index.byPath.get(clean)
    if (next === undefined) throw badLink(index, entry, 'to nothing')
    entry = next
  }
  throw badLink(index, first, `over more than ${MAX_LINKS} links, or in a circle`)
}

function followSymlink(index: TarIndex, path: string, entry: TarEntry): string {
  const target = linkTarget(path, entry.linkName)
  if (target === undefined) throw badLink(index, entry, 'out of the archive')
  return target
}

/** A hard link stands for what had the path when it was written: with two of them, or a later one, that is not clear. */
function followHardlink(index: TarIndex, entry: TarEntry): string {
  const target = cleanPath(entry.linkName, { what: index.what })
  const member = index.byPath.get(target)
  if (member !== undefined && member.headerOffset >= entry.headerOffset)
    throw badLink(index, entry, 'to a later member')
  if (index.duplicates.has(target)) throw badLink(index, entry, 'to one of two members with the same path')
  return target
}

function badLink({ what }: TarIndex, { path, linkName }: TarEntry, problem: string): ImageError {
  return new ImageError('INVALID_DATA', `${what}: the link ${quoted(path)} to ${quoted(linkName)} leads ${problem}`)
}

function quoted(path: string): string {
  return `"${quoteForeign(path, 200)}"`
}
