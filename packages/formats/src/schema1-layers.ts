import {
  type Descriptor,
  type Digest,
  ImageError,
  imageName,
  type ImageSource,
  type OperationOptions,
} from '@crossdock/core'
import { EMPTY_LAYER, EMPTY_LAYER_DIGEST } from './convert/to-schema1.ts'
import { DOCKER_LAYER_GZIP } from './media-types.ts'
import type { Schema1Manifest } from './schema1.ts'

/** What a source is taken to bear if it does not say. */
const DEFAULT_PARALLEL_BLOBS = 6

/**
 * The layers of a schema 1 image as other formats describe them, one for each of its steps, those without files included. The source
 * is asked for the size of each, once; it is verified when the layer is read. They are said to be in gzip, as Docker's readers take
 * them, whatever they are.
 *
 * Throws `UNSUPPORTED` if the source cannot tell, and `NOT_FOUND` for a layer that is not there.
 */
export async function schema1Layers(
  source: ImageSource,
  { layers }: Schema1Manifest,
  operation: OperationOptions = {},
): Promise<readonly Descriptor[]> {
  const known = new Map<Digest, Descriptor>([
    [EMPTY_LAYER_DIGEST, describe(EMPTY_LAYER_DIGEST, EMPTY_LAYER.byteLength)],
  ])
  const unknown = new Set(layers.map(({ digest }) => digest).filter((digest) => !known.has(digest)))
  const waiting = unknown.values()
  let failed = false
  const ask = async (): Promise<void> => {
    for (const digest of waiting) {
      if (failed) return
      try {
        known.set(digest, describe(digest, await sizeOf(source, digest, operation)))
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const parallel = Math.min(source.traits.parallelBlobs ?? DEFAULT_PARALLEL_BLOBS, unknown.size)
  await Promise.all(Array.from({ length: parallel }, ask))
  return layers.map(({ digest }) => known.get(digest) ?? describe(digest, 0))
}

/** Of one value for each step those of the steps that have files. */
export function layersWithFiles<Value>({ layers }: Schema1Manifest, values: readonly Value[]): readonly Value[] {
  return values.filter((_, index) => layers[index]?.history.emptyLayer === false)
}

async function sizeOf(source: ImageSource, digest: Digest, operation: OperationOptions): Promise<number> {
  const size = await source.blobSize?.(digest, operation)
  if (size !== undefined) return size
  const image = imageName(source.reference)
  throw new ImageError(
    'UNSUPPORTED',
    `${image} is a Docker schema 1 image, and its transport cannot say how large layers are: copy it out of a registry or a "dir:" folder`,
    { image },
  )
}

function describe(digest: Digest, size: number): Descriptor {
  return { mediaType: DOCKER_LAYER_GZIP, digest, size }
}
