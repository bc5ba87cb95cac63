import { createReader, readAccess } from '@crossdock/archive'
import {
  bytesBody,
  type BlobReader,
  type Descriptor,
  type Digest,
  type GetBlobOptions,
  ImageError,
  type ImageReference,
  type ImageSource,
  type OperationOptions,
} from '@crossdock/core'
import type { ResolvedTarballOptions } from '../options.ts'
import { type LayerFile, openLayer, type OpenLayerOptions } from './layer-file.ts'
import { type MadeImage, makeImage } from './make-image.ts'

/** A reference that is being opened. */
export interface OpenOptions {
  readonly reference: ImageReference
  /** Absolute, or `-`. */
  readonly files: readonly string[]
  readonly options: ResolvedTarballOptions
  readonly stdin: () => AsyncIterable<Uint8Array>
}

/**
 * Reads each file once, for its digests. Throws `NOT_FOUND` for a missing file, `INVALID_DATA` for one that is no tar,
 * `LIMIT_EXCEEDED`.
 */
export async function openSource(opened: OpenOptions, operation: OperationOptions = {}): Promise<ImageSource> {
  const { signal } = operation
  signal?.throwIfAborted()
  const { files, options, stdin } = opened
  const layers = await openLayers(files, { ...options, stdin, signal })
  try {
    signal?.throwIfAborted()
    return createSource(opened, { layers, image: makeImage(layers, options) })
  } catch (reason) {
    await closeAll(layers)
    throw reason
  }
}

async function openLayers(files: readonly string[], options: OpenLayerOptions): Promise<readonly LayerFile[]> {
  const layers: LayerFile[] = []
  try {
    for (const file of files) layers.push(await openLayer(file, options))
    return layers
  } catch (reason) {
    await closeAll(layers)
    throw reason
  }
}

async function closeAll(layers: readonly LayerFile[]): Promise<void> {
  for (const layer of layers) await layer[Symbol.asyncDispose]()
}

interface Loaded {
  readonly layers: readonly LayerFile[]
  readonly image: MadeImage
}

function createSource({ reference }: OpenOptions, { layers, image }: Loaded): ImageSource {
  const { manifest } = image
  const byDigest = new Map(layers.map((layer) => [layer.descriptor.digest, layer] as const))
  let closing: Promise<void> | undefined
  return Object.freeze<ImageSource>({
    reference,
    traits: Object.freeze({ parallelBlobs: 16, rangeReads: true, makesManifest: true }),
    async getManifest(instance, options) {
      options?.signal?.throwIfAborted()
      if (instance === undefined || instance === manifest.digest) return manifest
      throw new ImageError('NOT_FOUND', `an image of tar files is no index: it has no manifest ${instance}`)
    },
    async getBlob(blob, options) {
      options?.signal?.throwIfAborted()
      return openBlob({ byDigest, image }, blob, options)
    },
    async getSignatures(_instance, options) {
      options?.signal?.throwIfAborted()
      return []
    },
    async [Symbol.asyncDispose]() {
      closing ??= closeAll(layers)
      await closing
    },
  })
}

interface Content {
  readonly byDigest: ReadonlyMap<Digest, LayerFile>
  readonly image: MadeImage
}

function openBlob({ byDigest, image }: Content, { digest }: Descriptor, options: GetBlobOptions = {}): BlobReader {
  if (digest === image.configDigest) {
    // A chunk is the reader's; these bytes are given to others, too.
    const body = bytesBody(image.config.slice())
    return createReader(image.config.byteLength, () => body.open(options.offset, options.end))
  }
  const layer = byDigest.get(digest)
  if (layer === undefined) throw new ImageError('NOT_FOUND', `the image of tar files has no blob ${digest}`)
  const { size } = layer.access
  const end = Math.min(options?.end ?? size, size)
  return createReader(size, () => readAccess(layer.access, { ...options, end }))
}
