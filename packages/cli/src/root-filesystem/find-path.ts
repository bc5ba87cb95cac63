import type { RootNode, RootPath, RootTree } from '@crossdock/archive'
import { ImageError, quoteForeign } from '@crossdock/core'

/** As many as Linux follows (path_resolution(7)). */
const MAX_LINKS = 40

/**
 * What a path leads to, through symbolic links. As for a process whose root the image is, absolute links count from the image's
 * root, and ".." stays there: nothing leads out. The path found is a clean one without links. Throws `NOT_FOUND`,
 * and `INVALID_DATA` for more than 40 links.
 */
export function findPath(tree: RootTree, text: string): RootPath {
  const root: RootPath = { path: '', node: tree.root }
  const waiting = [...partsOf(text)]
  let parents: RootPath[] = []
  let here = root
  let links = 0
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const children = childrenOf(here, text)
    if (name === '..') {
      here = parents.pop() ?? root
      continue
    }
    const node = children.get(name)
    if (node === undefined) throw missing(text, `${quoted(`/${here.path}`)} has no "${quoteForeign(name, 200)}"`)
    const { type, linkName } = node.inode.entry
    if (type === 'symlink') {
      links += 1
      if (links > MAX_LINKS) throw endless(text)
      if (linkName.startsWith('/')) [parents, here] = [[], root]
      waiting.push(...partsOf(linkName))
    } else {
      parents.push(here)
      here = { path: here.path === '' ? name : `${here.path}/${name}`, node }
    }
  }
  return here
}

/** The last one first. */
function partsOf(path: string): readonly string[] {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .toReversed()
}

function childrenOf({ path, node }: RootPath, text: string): ReadonlyMap<string, RootNode> {
  if (node.children === undefined) throw missing(text, `${quoted(`/${path}`)} is no folder`)
  return node.children
}

function missing(text: string, why: string): ImageError {
  return new ImageError('NOT_FOUND', `the image has no ${quoted(text)}: ${why}`)
}

function endless(text: string): ImageError {
  const problem = `leads over more than ${MAX_LINKS} symbolic links, or in a circle`
  return new ImageError('INVALID_DATA', `${quoted(text)} ${problem}`)
}

function quoted(path: string): string {
  return `"${quoteForeign(path, 200)}"`
}
