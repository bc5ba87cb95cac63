import { flattenRootTree } from '@crossdock/archive'
import { type LayeredImage, readTree, rootLayers } from './open-layers.ts'

/** The merged root filesystem as one tar. Each layer is read once to merge them, and those that still have content once more. */
export async function* exportTar(image: LayeredImage, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const tree = await readTree(image, { signal })
  yield* flattenRootTree(tree, rootLayers(image.layers, signal), { signal })
}
