import type { TarDevice, TarEntryType } from '../tar/entry.ts'

/** What a member of a tar to be written is. Whatever is not given is the same in every archive. */
export interface TarHeaderInput {
  /** `./a//b` is written as `a/b`, the root (`./`) as `./`. A folder's "/" at the end is added. */
  readonly path: string
  /** Default: `file`. */
  readonly type?: TarEntryType | undefined
  /** Bytes of content; for files alone. Default: 0. */
  readonly size?: number | undefined
  /** Default: 0o755 for folders, 0o777 for symbolic links, otherwise 0o644. */
  readonly mode?: number | undefined
  /** Default: 0. */
  readonly uid?: number | undefined
  /** Default: 0. */
  readonly gid?: number | undefined
  /** Default: empty. */
  readonly uname?: string | undefined
  /** Default: empty. */
  readonly gname?: string | undefined
  /** Seconds since 1970; may have a fraction. Default: 0. */
  readonly mtime?: number | undefined
  /** Of a symbolic link its text; of a hard link the path of a member before it. */
  readonly linkName?: string | undefined
  readonly device?: TarDevice | undefined
  /** PAX records beside those that the other fields need, such as `SCHILY.xattr.NAME`. */
  readonly pax?: ReadonlyMap<string, string> | undefined
}

/** A member with its content, which is asked for when its turn comes. */
export interface TarInput extends TarHeaderInput {
  /** As many bytes as `size` says. Default: none. */
  readonly content?: Uint8Array | (() => AsyncIterable<Uint8Array>) | undefined
}
