import { flattenRootTree } from '@crossdock/archive'
import type { Operation } from '../invocation.ts'
import { announce, type LayeredImage, readTree, rootLayers } from './open-layers.ts'

/** The merged root filesystem as one tar. Each layer is read once to merge them, and those that still have content once more. */
export async function* exportTar(image: LayeredImage, operation: Operation): AsyncGenerator<Uint8Array> {
  const { signal } = operation
  announce(image.layers, operation)
  const tree = await readTree(image, { signal })
  yield* flattenRootTree(tree, rootLayers(image.layers, signal), { signal })
}
