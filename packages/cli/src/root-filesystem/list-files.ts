import { type RootPath, type RootTree, walkRootTree } from '@crossdock/archive'
import type { Call } from '../endpoints.ts'
import { formatTable } from '../output/table.ts'
import { fileColumns, fileFacts, shownName } from './file-facts.ts'
import { findPath } from './find-path.ts'
import { type LayeredImage, readTree } from './open-layers.ts'
import { each, jsonLines, printText } from './print.ts'

export interface ListFilesOptions {
  /** In the image; of a folder its content is listed, of anything else itself. */
  readonly path: string
  /** With what is in the folders of the folder, and so on. */
  readonly isRecursive: boolean
  readonly form: 'names' | 'table' | 'json'
}

/** Prints what is in a folder of the merged root filesystem. Reads each layer once. */
export async function listFiles(image: LayeredImage, options: ListFilesOptions, call: Call): Promise<void> {
  const tree = await readTree(image, { signal: call.operation.signal })
  const found = findPath(tree, options.path)
  const files = found.node.children === undefined ? [found] : below(tree, found, options.isRecursive)
  await printText(formatted(files, image, options), call)
}

function* below(tree: RootTree, folder: RootPath, isRecursive: boolean): Generator<RootPath> {
  const prefix = folder.path === '' ? '' : `${folder.path}/`
  if (isRecursive) {
    for (const { path, node } of walkRootTree({ ...tree, root: folder.node })) {
      if (path !== '') yield { path: prefix + path, node }
    }
    return
  }
  for (const name of [...(folder.node.children?.keys() ?? [])].toSorted()) {
    const node = folder.node.children?.get(name)
    if (node !== undefined) yield { path: prefix + name, node }
  }
}

function formatted(
  files: Iterable<RootPath>,
  { layers }: LayeredImage,
  { isRecursive, form }: ListFilesOptions,
): Iterable<string> {
  if (form === 'json') return jsonLines(each(files, (file) => fileFacts(file, layers)))
  const nameOf = ({ path }: RootPath): string => (isRecursive ? `/${path}` : path.slice(path.lastIndexOf('/') + 1))
  if (form === 'table') return [formatTable([...each(files, (file) => fileColumns(file, nameOf(file)))])]
  return each(files, (file) => `${shownName(nameOf(file))}\n`)
}
