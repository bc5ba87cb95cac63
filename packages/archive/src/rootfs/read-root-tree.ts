import { ImageError, quoteForeign } from '@crossdock/core'
import { cleanPath } from '../members/clean-path.ts'
import type { TarEntry } from '../tar/entry.ts'
import { createTextCounter, resolveLimits, type TarReadOptions } from '../tar/limits.ts'
import { sameAttributes, sameOwner } from './attributes.ts'
import { layerName, type LayerContent, type LayerMember, type RootLayer } from './read-layer.ts'
import { readLayers } from './read-layers.ts'
import {
  impliedFolder,
  splitPath,
  type ChangeKind,
  type LayerChanges,
  type RootInode,
  type RootTree,
} from './root-tree.ts'

export interface ReadRootTreeOptions extends Omit<TarReadOptions, 'maxEntries'> {
  /** The most names of the whole tree, folders that are implied included. Default: 1,000,000. */
  readonly maxEntries?: number | undefined
  /** Whether the content of every file is hashed, so that trees can be compared by it. Default: false. */
  readonly digests?: boolean | undefined
  /** Whether it is kept what each layer changes; a map of every path takes as much memory as the tree. Default: true. */
  readonly changes?: boolean | undefined
  /** How many layers are read at once. Default: 1. */
  readonly concurrency?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Merges layers, the lowest first, into the root filesystem that they make (image-spec, "layer.md"). Each layer is read once and
 * to its end; contents are not kept. Within a layer whiteouts speak of lower layers alone, wherever they stand; of members with one path the
 * last counts; a hard link may stand for a file of a lower layer.
 *
 * Throws as `readTar` does; `INVALID_DATA` also for paths that lead out, for a hard link to nothing or to a folder, and for a member
 * below something that its own layer makes a link or a file: programs differ in where they put it.
 */
export async function readRootTree(layers: readonly RootLayer[], options: ReadRootTreeOptions = {}): Promise<RootTree> {
  const { what: given, maxEntries } = resolveLimits({ what: 'the layers', ...options })
  const root: Node = { layer: 0, inode: { layer: 0, entry: impliedFolder(''), digest: undefined }, children: new Map() }
  const records: LayerChanges[] = []
  const onKept = createTextCounter(given)
  const budget = { names: 0, max: maxEntries }
  const { what, digests = false, concurrency = 1, changes: keeps = true } = options
  for await (const content of readLayers(layers, { ...options, what, digests, concurrency, onKept })) {
    const number = records.length
    const changes = keeps ? new Map<string, ChangeKind>() : undefined
    records.push(applyLayer({ root, number, what: layerName(what, number), budget, changes }, content))
  }
  return { root, layers: records }
}

interface Node {
  layer: number
  inode: RootInode
  children: Map<string, Node> | undefined
}

interface Target {
  readonly root: Node
  readonly number: number
  readonly what: string
  readonly budget: { names: number; readonly max: number }
}

const NO_CHANGES: LayerChanges['changes'] = new Map()

interface Applying extends Target {
  /** Undefined if nobody asks for them. */
  readonly changes: Map<string, ChangeKind> | undefined
}

function applyLayer(applying: Applying, { members, whiteouts, opaque, bytes }: LayerContent): LayerChanges {
  for (const path of whiteouts) remove(applying, path)
  for (const path of opaque) empty(applying, path)
  const forward: LayerMember[] = []
  for (const member of members) if (!put(applying, member)) forward.push(member)
  // `crane export` writes links before what they stand for.
  for (const member of forward) {
    const isThere = find(applying.root, member.path)?.layer === applying.number
    if (!isThere && !put(applying, member)) throw refused(applying, member, 'is a hard link to nothing')
  }
  return { changes: applying.changes ?? NO_CHANGES, bytes }
}

function remove({ root, changes }: Applying, path: string): void {
  const parts = splitPath(path)
  const name = parts.at(-1)
  const folder = find(root, parts.slice(0, -1).join('/'))
  if (name !== undefined && folder?.children?.delete(name) === true) changes?.set(path, 'removed')
}

function empty({ root, changes }: Applying, path: string): void {
  const folder = find(root, path)
  for (const name of (changes && folder?.children?.keys()) ?? []) {
    changes?.set(path === '' ? name : `${path}/${name}`, 'removed')
  }
  folder?.children?.clear()
}

function find(root: Node, path: string): Node | undefined {
  let node: Node | undefined = root
  for (const name of splitPath(path)) node = node?.children?.get(name)
  return node
}

/** False if it is a hard link to something that is not there yet. */
function put(applying: Applying, { path, entry, digest }: LayerMember): boolean {
  const { root, number } = applying
  const member = { path, entry }
  if (path === '') {
    if (entry.type !== 'directory') throw refused(applying, member, 'makes the root something else than a folder')
    note(applying, { path, before: root, entry })
    root.layer = number
    root.inode = { layer: number, entry, digest }
    return true
  }
  const inode = entry.type === 'hardlink' ? linked(applying, member) : { layer: number, entry, digest }
  if (inode === undefined) return false
  const parts = splitPath(path)
  const name = parts.at(-1) ?? ''
  const folder = folderFor(applying, member, parts)
  const before = folder.get(name)
  note(applying, { path, before, entry: inode.entry })
  const isFolder = entry.type === 'directory'
  folder.set(name, { layer: number, inode, children: isFolder ? (before?.children ?? new Map()) : undefined })
  countName(applying)
  return true
}

type Placed = Pick<LayerMember, 'path' | 'entry'>

/** What a hard link stands for; undefined if there is nothing. */
function linked(applying: Applying, { path, entry }: Placed): RootInode | undefined {
  const target = cleanPath(entry.linkName, { what: applying.what, absolute: 'strip' })
  const node = find(applying.root, target)
  if (node?.children !== undefined) throw refused(applying, { path, entry }, 'is a hard link to a folder')
  return node?.inode
}

/** The content of the folder that a member goes into. A file or link of a lower layer makes way for it, as with overlay file systems. */
function folderFor(applying: Applying, member: Placed, parts: readonly string[]): Map<string, Node> {
  const { root, number } = applying
  let folder = root.children ?? new Map<string, Node>()
  for (let depth = 1; depth < parts.length; depth += 1) {
    const name = parts[depth - 1] ?? ''
    let next = folder.get(name)
    if (next?.children === undefined) {
      const path = parts.slice(0, depth).join('/')
      if (next?.layer === number)
        throw refused(applying, member, `lies below "${quoteForeign(path, 200)}", which is no folder`)
      const entry = impliedFolder(path)
      note(applying, { path, before: next, entry })
      next = { layer: number, inode: { layer: number, entry, digest: undefined }, children: new Map() }
      folder.set(name, next)
      countName(applying)
    }
    folder = next.children ?? folder
  }
  return folder
}

function countName({ budget, what }: Applying): void {
  budget.names += 1
  if (budget.names > budget.max)
    throw new ImageError('LIMIT_EXCEEDED', `${what}: more than ${budget.max} names in all layers`)
}

interface Noted {
  readonly path: string
  readonly before: Node | undefined
  readonly entry: TarEntry
}

function note({ changes, number }: Applying, { path, before, entry }: Noted): void {
  if (changes === undefined) return
  const earlier = changes.get(path)
  if (earlier !== undefined) {
    if (earlier === 'removed') changes.set(path, 'changed')
    return
  }
  if (before === undefined) changes.set(path, 'added')
  else if (before.layer === number || !isSameFolder(before.inode.entry, entry)) changes.set(path, 'changed')
}

function isSameFolder(one: TarEntry, other: TarEntry): boolean {
  const areFolders = one.type === 'directory' && other.type === 'directory'
  return areFolders && one.mode === other.mode && sameOwner(one, other) && sameAttributes(one, other)
}

function refused({ what }: Target, { path }: Placed, problem: string): ImageError {
  return new ImageError('INVALID_DATA', `${what}: "${quoteForeign(path, 200)}" ${problem}`)
}
