import {
  bytesBody,
  type BlobReader,
  type Descriptor,
  type GetBlobOptions,
  ImageError,
  type ImageReference,
  type ImageSource,
} from '@crossdock/core'
import { firstBytes, skipBytes } from '@crossdock/streams'
import { createReader } from '../access/read-access.ts'
import type { ArchiveFile } from '../image-archive/open-archive.ts'
import { openEntry } from '../members/open-entry.ts'
import {
  type ArchivedImage,
  type ArchivedLayer,
  type LayerOptions,
  loadImage,
  openLayer,
  readImages,
} from './load-image.ts'
import { type DockerArchiveSelection, selectImage, usableNames } from './manifest-file.ts'

export interface OpenDockerArchiveOptions extends LayerOptions {
  readonly reference: ImageReference
  readonly selection: DockerArchiveSelection
}

/**
 * An image of a docker archive as a source. The archive is closed with it, or if this fails. Throws `NOT_FOUND` for a missing image, `CONFLICT` if
 * several are meant, `INVALID_DATA`, `LIMIT_EXCEEDED`.
 */
export async function openDockerArchive(archive: ArchiveFile, options: OpenDockerArchiveOptions): Promise<ImageSource> {
  const { selection, signal } = options
  try {
    const listed = selectImage(await readImages(archive, signal), selection, archive.what)
    const image = await loadImage(archive, listed, options)
    signal?.throwIfAborted()
    return createSource({ archive, image }, options)
  } catch (reason) {
    await archive[Symbol.asyncDispose]()
    throw reason
  }
}

interface Loaded {
  readonly archive: ArchiveFile
  readonly image: ArchivedImage
}

function createSource({ archive, image }: Loaded, options: OpenDockerArchiveOptions): ImageSource {
  const { reference, maxUnpackedBytes } = options
  const { manifest, layers } = image
  const isRanged = ![...layers.values()].some(({ isUnpacked }) => isUnpacked)
  let closing: Promise<void> | undefined
  return Object.freeze<ImageSource>({
    reference,
    traits: Object.freeze({ parallelBlobs: 16, rangeReads: isRanged, makesManifest: true }),
    async getManifest(instance, getOptions) {
      getOptions?.signal?.throwIfAborted()
      if (instance === undefined || instance === manifest.digest) return manifest
      throw new ImageError(
        'NOT_FOUND',
        `${archive.what} has no manifest ${instance}: it holds one image under this name`,
      )
    },
    async getBlob(blob, getOptions = {}) {
      getOptions.signal?.throwIfAborted()
      return openBlob({ archive, image }, blob, { ...getOptions, maxUnpackedBytes })
    },
    async getSignatures(_instance, getOptions) {
      getOptions?.signal?.throwIfAborted()
      return []
    },
    async [Symbol.asyncDispose]() {
      closing ??= Promise.resolve(archive[Symbol.asyncDispose]())
      await closing
    },
  })
}

type BlobOptions = GetBlobOptions & LayerOptions

function openBlob({ archive, image }: Loaded, { digest }: Descriptor, options: BlobOptions): BlobReader {
  const { offset = 0 } = options
  if (digest === image.configDigest) {
    const { byteLength } = image.config
    // A chunk is the reader's; these bytes are given to others, too.
    return createReader(byteLength, () => bytesBody(image.config.slice()).open(offset, options.end))
  }
  const layer = image.layers.get(digest)
  if (layer === undefined) throw new ImageError('NOT_FOUND', `${archive.what} has no blob ${digest} for this image`)
  return createReader(layer.descriptor.size, () => readLayer(archive, layer, options))
}

function readLayer(
  archive: ArchiveFile,
  { entry, isUnpacked, descriptor: { size } }: ArchivedLayer,
  options: BlobOptions,
): AsyncIterable<Uint8Array> {
  const { offset = 0, end = size, signal } = options
  if (!isUnpacked) return openEntry(archive.access, entry, { offset, end, signal })
  const whole = openLayer(archive, entry, options)
  if (offset === 0 && end >= size) return whole
  return firstBytes(skipBytes(whole, offset), end - offset)
}

/** The names of all images in the archive. */
export async function dockerArchiveNames(archive: ArchiveFile, signal?: AbortSignal): Promise<readonly string[]> {
  return usableNames(await readImages(archive, signal))
}
