import { readTar } from '@crossdock/archive'
import { ImageError, quoteForeign } from '@crossdock/core'
import { verifyBlob } from '@crossdock/streams'
import { findPath } from './find-path.ts'
import { type LayeredImage, readTree } from './open-layers.ts'

/**
 * The content of a file of the merged root filesystem. Each layer is read once to merge them; then the file's own once more, up to the file,
 * whose content is compared with what it was the first time. Throws what `findPath` throws, `UNSUPPORTED` for what is no file.
 */
export async function* fileContent(image: LayeredImage, path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const tree = await readTree(image, { signal, digests: true })
  const { layer: number, entry, digest } = findPath(tree, path).node.inode
  const name = `"${quoteForeign(path, 200)}"`
  if (entry.type !== 'file') throw new ImageError('UNSUPPORTED', `${name} is a ${entry.type} and has no content`)
  const layer = image.layers[number]
  if (layer === undefined || digest === undefined || entry.size === 0) return
  for await (const member of readTar(layer.open(signal), { what: `layer ${number}`, signal })) {
    if (member.entry.headerOffset !== entry.headerOffset) continue
    yield* verifyBlob(member.content, { digest, size: entry.size })
    return
  }
  throw new ImageError('CONFLICT', `layer ${number} has no ${name} any more: it changed while it was read`)
}
