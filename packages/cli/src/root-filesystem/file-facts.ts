import type { RootPath } from '@crossdock/archive'
import { quoteForeign } from '@crossdock/core'
import type { ImageLayer } from './open-layers.ts'

type FileType = RootPath['node']['inode']['entry']['type']

/** What commands print of a file as JSON. */
export interface FileFacts {
  /** From the root of the image on: `/etc/passwd`. Bytes that are not UTF-8 are lone surrogates, U+DC80 to U+DCFF. */
  readonly path: string
  readonly type: FileType
  /** Octal: `0755`. */
  readonly mode: string
  readonly uid: number
  readonly gid: number
  readonly user?: string
  readonly group?: string
  /** In bytes; 0 for everything but files. */
  readonly size: number
  /** Seconds since 1970, with a fraction where the layer has one. */
  readonly mtime: number
  /** Where a symbolic link leads, as it is written. */
  readonly target?: string
  readonly device?: { readonly major: number; readonly minor: number }
  /** The layer that said last what it is, 0 being the lowest. */
  readonly layer: number
  readonly layerDigest?: string
}

export function fileFacts({ path, node }: RootPath, layers: readonly ImageLayer[]): FileFacts {
  const { type, mode, uid, gid, uname, gname, size, mtime, linkName, device } = node.inode.entry
  const layerDigest = layers[node.layer]?.descriptor.digest
  return {
    path: `/${path}`,
    type,
    mode: mode.toString(8).padStart(4, '0'),
    uid,
    gid,
    ...(uname !== '' && { user: uname }),
    ...(gname !== '' && { group: gname }),
    size,
    mtime,
    ...(type === 'symlink' && { target: linkName }),
    ...(device !== undefined && { device }),
    layer: node.layer,
    ...(layerDigest !== undefined && { layerDigest }),
  }
}

/** The columns of a file in a table: mode, owner, size, time, layer, name; safe for a terminal. */
export function fileColumns({ node }: RootPath, name: string): readonly string[] {
  const { type, mode, uid, gid, size, mtime, linkName, device } = node.inode.entry
  return [
    modeText(type, mode),
    `${uid}:${gid}`,
    device === undefined ? String(size) : `${device.major},${device.minor}`,
    timeText(mtime),
    String(node.layer),
    type === 'symlink' ? `${shownName(name)} -> ${shownName(linkName)}` : shownName(name),
  ]
}

/** A name in one line, with what a terminal would obey or not show escaped. */
export function shownName(name: string): string {
  return quoteForeign(name, Infinity)
}

const LETTERS: Readonly<Record<FileType, string>> = {
  file: '-',
  hardlink: '-',
  directory: 'd',
  symlink: 'l',
  'character-device': 'c',
  'block-device': 'b',
  fifo: 'p',
}

/** As `ls -l` writes it: `drwxr-xr-x`. */
function modeText(type: FileType, mode: number): string {
  return (
    LETTERS[type] +
    rights(mode >> 6, (mode & 0o4000) === 0 ? 'x-' : 'sS') +
    rights(mode >> 3, (mode & 0o2000) === 0 ? 'x-' : 'sS') +
    rights(mode, (mode & 0o1000) === 0 ? 'x-' : 'tT')
  )
}

/** The last three bits; `marks` are the letters for "may be executed" and "may not". */
function rights(bits: number, marks: string): string {
  return `${(bits & 4) === 0 ? '-' : 'r'}${(bits & 2) === 0 ? '-' : 'w'}${marks.charAt((bits & 1) === 0 ? 1 : 0)}`
}

/** UTC in whole seconds; a time that no calendar has as a number. */
function timeText(mtime: number): string {
  const date = new Date(Math.floor(mtime) * 1000)
  return Number.isNaN(date.getTime()) ? String(mtime) : date.toISOString().replace('.000Z', 'Z')
}
