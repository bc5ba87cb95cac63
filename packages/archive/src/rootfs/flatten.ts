import { ImageError, quoteForeign } from '@crossdock/core'
import type { TarEntry } from '../tar/entry.ts'
import { readTar, type ReadTarOptions } from '../tar/read-tar.ts'
import type { TarInput } from '../write/tar-input.ts'
import { writeTar } from '../write/write-tar.ts'
import { attributesOf } from './attributes.ts'
import { layerName, type RootLayer } from './read-layer.ts'
import { isImplied, walkRootTree, type RootInode, type RootTree } from './root-tree.ts'

/**
 * The root filesystem as one tar. Contents are read from the layers a second time, each layer that still has some once and to its
 * end, so that memory holds the tree and one chunk. The order follows from that and is the same every time:
 *
 * 1. folders, each before what is in it;
 * 2. files with content, layer by layer from the lowest, in the order of each layer;
 * 3. empty files, links and devices, with hard links to files of 2 among them, in the order of `walkRootTree`.
 *
 * Each path occurs once. Of the names of one file the first in the order of `walkRootTree` has the content, the others are hard links to it.
 * Throws `CONFLICT` if a layer is not what it was when the tree was read, and what reading layers throws.
 */
export function flattenRootTree(
  tree: RootTree,
  layers: readonly RootLayer[],
  options: ReadTarOptions = {},
): AsyncGenerator<Uint8Array> {
  return writeTar(flatMembers(tree, layers, options))
}

/** The members of {@link flattenRootTree}, in its order; a root that no layer has as a member is not among them. */
export async function* flatMembers(
  tree: RootTree,
  layers: readonly RootLayer[],
  options: ReadTarOptions = {},
): AsyncGenerator<TarInput> {
  if (layers.length !== tree.layers.length) {
    throw new ImageError(
      'CONFLICT',
      `the tree was merged from ${tree.layers.length} layers, but ${layers.length} are given`,
    )
  }
  for (const { path, node } of walkRootTree(tree)) {
    const isMember = node.children !== undefined && (path !== '' || !isImplied(node.inode))
    if (isMember) yield inputOf(path, node.inode.entry)
  }
  const firstNames = findFirstNames(tree)
  const contents = contentsByLayer(firstNames)
  for (const [number, layer] of layers.entries()) {
    const wanted = contents.get(number)
    if (wanted !== undefined) yield* filesOf(layer, wanted, { ...options, what: layerName(options.what, number) })
  }
  for (const { path, node } of walkRootTree(tree)) {
    const { entry } = node.inode
    const first = firstNames.get(node.inode)
    if (first === undefined) continue
    if (first !== path) yield hardLink(path, first, entry)
    else if (entry.size === 0) yield inputOf(path, entry)
  }
}

/** The first name of everything but folders. */
function findFirstNames(tree: RootTree): ReadonlyMap<RootInode, string> {
  const names = new Map<RootInode, string>()
  for (const { path, node } of walkRootTree(tree)) {
    if (node.children === undefined && !names.has(node.inode)) names.set(node.inode, path)
  }
  return names
}

interface Wanted {
  readonly path: string
  readonly entry: TarEntry
}

/** What has content, by layer and by where it stands in the layer's tar. */
function contentsByLayer(firstNames: ReadonlyMap<RootInode, string>): ReadonlyMap<number, Map<number, Wanted>> {
  const contents = new Map<number, Map<number, Wanted>>()
  for (const [{ layer, entry }, path] of firstNames) {
    if (entry.size === 0) continue
    const wanted = contents.get(layer) ?? new Map<number, Wanted>()
    contents.set(layer, wanted.set(entry.headerOffset, { path, entry }))
  }
  return contents
}

async function* filesOf(
  layer: RootLayer,
  wanted: Map<number, Wanted>,
  options: ReadTarOptions & { readonly what: string },
): AsyncGenerator<TarInput> {
  for await (const { entry, content, arrived } of readTar(layer.open(), options)) {
    const file = wanted.get(entry.headerOffset)
    if (file === undefined) continue
    if (file.entry.path !== entry.path || file.entry.size !== entry.size) throw changed(options.what, file.path)
    wanted.delete(entry.headerOffset)
    yield { ...inputOf(file.path, entry), content: arrived() ?? (() => content) }
  }
  for (const { path } of wanted.values()) throw changed(options.what, path)
}

function changed(what: string, path: string): ImageError {
  return new ImageError(
    'CONFLICT',
    `${what}: "${quoteForeign(path, 200)}" is not what it was when the layers were merged`,
  )
}

function hardLink(path: string, linkName: string, { mode, uid, gid, uname, gname, mtime }: TarEntry): TarInput {
  return { path, type: 'hardlink', linkName, mode, uid, gid, uname, gname, mtime }
}

function inputOf(path: string, entry: TarEntry): TarInput {
  const { type, size, mode, uid, gid, uname, gname, mtime, linkName, device } = entry
  const pax = attributesOf(entry)
  return { path: path === '' ? './' : path, type, size, mode, uid, gid, uname, gname, mtime, linkName, device, pax }
}
