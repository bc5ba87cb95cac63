import type { TarEntry } from '../tar/entry.ts'
import { sameAttributes, sameOwner } from './attributes.ts'
import { joinPath, walkRootTree, type ChangeKind, type RootInode, type RootNode, type RootTree } from './root-tree.ts'

/** What one layer contributes, in numbers. */
export interface LayerReport {
  readonly added: number
  readonly changed: number
  /** A removed folder counts once. */
  readonly removed: number
  /** Bytes of content of all its files. */
  readonly bytes: number
  /** Those of them that the merged root filesystem does not have any more: replaced or removed later, or written twice. */
  readonly wastedBytes: number
}

/** What each layer contributes to a tree, the lowest first. */
export function layerReports(tree: RootTree): readonly LayerReport[] {
  const used = tree.layers.map(() => 0)
  const seen = new Set<RootInode>()
  for (const { node } of walkRootTree(tree)) {
    const { inode } = node
    if (!seen.has(inode)) used[inode.layer] = (used[inode.layer] ?? 0) + inode.entry.size
    seen.add(inode)
  }
  return tree.layers.map(({ changes, bytes }, number) => {
    const counts: Record<ChangeKind, number> = { added: 0, changed: 0, removed: 0 }
    for (const kind of changes.values()) counts[kind] += 1
    return { ...counts, bytes, wastedBytes: bytes - (used[number] ?? 0) }
  })
}

/** In what two files with one path differ. */
export type RootField = 'type' | 'mode' | 'owner' | 'content' | 'link' | 'device' | 'attributes' | 'mtime'

export interface RootDifference {
  readonly path: string
  readonly kind: ChangeKind
  /** Undefined if it was added. */
  readonly before: RootNode | undefined
  /** Undefined if it was removed. */
  readonly after: RootNode | undefined
  /** For what changed: in what; otherwise empty. */
  readonly fields: readonly RootField[]
}

/**
 * How one tree differs from another, in the order of `walkRootTree`; what is in a folder that was added or removed is named too. Contents are
 * compared by digest if both trees have them; otherwise a file with another size or time counts as another content.
 */
export function* diffRootTrees(before: RootTree, after: RootTree): Generator<RootDifference> {
  const waiting: Pair[] = [{ path: '', before: before.root, after: after.root }]
  for (let pair = waiting.pop(); pair !== undefined; pair = waiting.pop()) {
    const difference = compare(pair)
    if (difference !== undefined) yield difference
    const names = new Set([...(pair.before?.children?.keys() ?? []), ...(pair.after?.children?.keys() ?? [])])
    for (const name of [...names].toSorted().toReversed()) {
      const path = joinPath(pair.path, name)
      waiting.push({ path, before: pair.before?.children?.get(name), after: pair.after?.children?.get(name) })
    }
  }
}

interface Pair {
  readonly path: string
  readonly before: RootNode | undefined
  readonly after: RootNode | undefined
}

function compare({ path, before, after }: Pair): RootDifference | undefined {
  if (before === undefined) return { path, kind: 'added', before, after, fields: [] }
  if (after === undefined) return { path, kind: 'removed', before, after, fields: [] }
  const fields = differingFields(before.inode, after.inode)
  return fields.length === 0 ? undefined : { path, kind: 'changed', before, after, fields }
}

function differingFields(before: RootInode, after: RootInode): readonly RootField[] {
  const one = before.entry
  const other = after.entry
  if (one.type !== other.type) return ['type']
  const fields: RootField[] = []
  if (one.mode !== other.mode) fields.push('mode')
  if (!sameOwner(one, other)) fields.push('owner')
  if (one.type === 'file' && !sameContent(before, after)) fields.push('content')
  if (one.linkName !== other.linkName) fields.push('link')
  if (!sameDevice(one, other)) fields.push('device')
  if (!sameAttributes(one, other)) fields.push('attributes')
  if (one.mtime !== other.mtime) fields.push('mtime')
  return fields
}

function sameContent({ entry: one, digest }: RootInode, { entry: other, digest: otherDigest }: RootInode): boolean {
  if (one.size !== other.size) return false
  return digest === undefined || otherDigest === undefined ? one.mtime === other.mtime : digest === otherDigest
}

function sameDevice({ device: one }: TarEntry, { device: other }: TarEntry): boolean {
  return one?.major === other?.major && one?.minor === other?.minor
}
