import type { Digest } from '@crossdock/core'
import { cleanPath } from '../members/clean-path.ts'
import type { TarEntry } from '../tar/entry.ts'

/** What a name stands for. Names that are hard links of one another have the same one, whichever layers they came with. */
export interface RootInode {
  /** The layer that holds it, 0 being the lowest. */
  readonly layer: number
  /** The member of that layer. Of a folder that no layer has as a member, the one that `isImplied` knows. */
  readonly entry: TarEntry
  /** The sha256 of a file's content, if the tree was read with `digests`. */
  readonly digest: Digest | undefined
}

/** A name in the merged root filesystem. */
export interface RootNode {
  /** The layer that put this name here, or that said last what it is. */
  readonly layer: number
  readonly inode: RootInode
  /** What is in it, by name, if it is a folder. */
  readonly children: ReadonlyMap<string, RootNode> | undefined
}

export type ChangeKind = 'added' | 'changed' | 'removed'

/** What one layer does to those below it. */
export interface LayerChanges {
  /**
   * By path. Folders that are merely there on the way to something else are left out: those whose mode, owner and attributes stay. A
   * removed folder stands for what was in it.
   */
  readonly changes: ReadonlyMap<string, ChangeKind>
  /** Bytes of content of all its files, also of those that it has twice. */
  readonly bytes: number
}

/** The root filesystem that layers make together. */
export interface RootTree {
  readonly root: RootNode
  /** Lowest first. */
  readonly layers: readonly LayerChanges[]
}

/** A path in a tree. */
export interface RootPath {
  /** A clean path; the root's is empty. */
  readonly path: string
  readonly node: RootNode
}

/** Every name of a tree, the root first: folders before what is in them, names in the order of their UTF-16 code units. */
export function* walkRootTree(tree: RootTree): Generator<RootPath> {
  const waiting: RootPath[] = [{ path: '', node: tree.root }]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    yield next
    const { path, node } = next
    const names = [...(node.children?.keys() ?? [])].toSorted().toReversed()
    for (const name of names) {
      const child = node.children?.get(name)
      if (child !== undefined) waiting.push({ path: joinPath(path, name), node: child })
    }
  }
}

/** What has a path in a tree; undefined if nothing has. Links are not followed. Throws `INVALID_DATA` for a path that `cleanPath` refuses. */
export function findRootNode(tree: RootTree, path: string): RootNode | undefined {
  let node: RootNode | undefined = tree.root
  for (const name of splitPath(cleanPath(path, { what: 'the root filesystem', absolute: 'strip' }))) {
    node = node?.children?.get(name)
  }
  return node
}

export function joinPath(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`
}

export function splitPath(path: string): readonly string[] {
  return path === '' ? [] : path.split('/')
}

/** A folder that has something in it and is no member of any layer: what programs that unpack layers make of it. */
export function impliedFolder(path: string): TarEntry {
  return {
    path,
    type: 'directory',
    size: 0,
    headerOffset: -1,
    offset: -1,
    storedSize: 0,
    sparse: undefined,
    mode: 0o755,
    uid: 0,
    gid: 0,
    uname: '',
    gname: '',
    mtime: 0,
    linkName: '',
    device: undefined,
    pax: NO_RECORDS,
  }
}

const NO_RECORDS: ReadonlyMap<string, string> = new Map()

/** True for a folder that no layer has as a member. */
export function isImplied({ entry }: RootInode): boolean {
  return entry.headerOffset < 0
}
