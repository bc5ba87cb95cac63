export type TarEntryType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'character-device' | 'block-device' | 'fifo'

/** A piece of a sparse file that is stored; what lies between pieces is zeros. */
export interface SparsePiece {
  /** Where it is in the file. */
  readonly offset: number
  readonly bytes: number
}

export interface TarDevice {
  readonly major: number
  readonly minor: number
}

/** A member of a tar archive, with what PAX records and GNU's extensions say of it taken in. */
export interface TarEntry {
  /** As the archive spells it, unchecked: `cleanPath` makes it usable. Bytes that are not UTF-8 are lone surrogates. */
  readonly path: string
  readonly type: TarEntryType
  /** Bytes of content, holes included; 0 for everything but files. */
  readonly size: number
  /** Where its header begins in the archive, with PAX records and long names that belong to it left out. */
  readonly headerOffset: number
  /** Where its stored content begins. */
  readonly offset: number
  /** Bytes of content in the archive: `size` without the holes. */
  readonly storedSize: number
  /** The stored pieces of a sparse file, in order; undefined if all of it is stored. */
  readonly sparse: readonly SparsePiece[] | undefined
  /** Permission bits, with set-user-ID, set-group-ID and sticky. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Empty if the archive does not say. */
  readonly uname: string
  /** Empty if the archive does not say. */
  readonly gname: string
  /** Seconds since 1970, with a fraction where PAX gives one. */
  readonly mtime: number
  /** Of a symbolic link its text; of a hard link the path of a member; otherwise empty. */
  readonly linkName: string
  readonly device: TarDevice | undefined
  /** PAX records that hold for it, global ones included; extended attributes are `SCHILY.xattr.NAME`. */
  readonly pax: ReadonlyMap<string, string>
}
