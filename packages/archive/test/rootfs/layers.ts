import { walkRootTree, writeTar, type RootLayer, type RootTree, type TarInput } from '../../src/index.ts'
import { pieces, readAll, streamed } from '../bodies.ts'

/** A layer out of a tar in memory, given out in small pieces. */
export function layerOf(tar: Uint8Array): RootLayer {
  return { open: () => pieces(tar, 1000) }
}

/**
 * A layer out of lines: `dir/`, `file=content`, `soft -> target`, `hard => path`, `.wh.name`. Modes and owners are the default
 * ones.
 */
export async function layer(...lines: readonly string[]): Promise<RootLayer> {
  return layerOf(await readAll(writeTar(lines.map((line) => inputOf(line)))))
}

function inputOf(line: string): TarInput {
  const [soft = '', target] = line.split(' -> ')
  if (target !== undefined) return { path: soft, type: 'symlink', linkName: target }
  const [hard = '', linkName] = line.split(' => ')
  if (linkName !== undefined) return { path: hard, type: 'hardlink', linkName }
  if (line.endsWith('/')) return { path: line, type: 'directory' }
  const [path = '', content = ''] = line.split('=')
  return { path, size: Buffer.byteLength(content), content: Buffer.from(content) }
}

/** A tree as lines of the kind that make a layer, with the layer of each name in front. */
export function linesOf(tree: RootTree): readonly string[] {
  return [...walkRootTree(tree)].map(({ path, node: { layer: number, inode } }) => {
    const { type, size, linkName } = inode.entry
    const from = inode.layer === number ? `${number}` : `${number}(${inode.layer})`
    if (type === 'directory') return `${from} ${path}/`
    return type === 'symlink' ? `${from} ${path} -> ${linkName}` : `${from} ${path} ${size}`
  })
}

/** A tar as lines, in its order. */
export async function linesInTar(tar: Uint8Array): Promise<readonly string[]> {
  return (await streamed(tar)).map(({ entry: { path, type, linkName }, content }) => {
    if (type === 'directory') return path
    if (type === 'symlink') return `${path} -> ${linkName}`
    return type === 'hardlink' ? `${path} => ${linkName}` : `${path}=${content.toString()}`
  })
}
