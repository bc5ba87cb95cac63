import { openEntry } from '@crossdock/archive'
import {
  bytesBody,
  type BlobReader,
  type Descriptor,
  type GetBlobOptions,
  ImageError,
  type ImageSource,
  type OperationOptions,
} from '@crossdock/core'
import { firstBytes, skipBytes } from '@crossdock/streams'
import { type ArchiveFile, openArchive } from '../archive-file/open-archive.ts'
import { createReader } from '../archive-file/read-access.ts'
import type { ResolvedReadOptions } from '../options.ts'
import { type ArchivedImage, type ArchivedLayer, loadImage, openLayer, readImages } from './load-image.ts'
import { selectImage, usableNames } from './manifest-file.ts'
import type { OpenOptions } from './open-options.ts'

/** Throws `NOT_FOUND` for a missing file or image, `CONFLICT` if the reference fits several, `INVALID_DATA`, `LIMIT_EXCEEDED`. */
export async function openSource(opened: OpenOptions, operation: OperationOptions = {}): Promise<ImageSource> {
  const { signal } = operation
  signal?.throwIfAborted()
  const options = { ...opened.options, signal }
  const archive = await openArchive(opened.file, options)
  try {
    const listed = selectImage(await readImages(archive, signal), opened.selection, archive.what)
    const image = await loadImage(archive, listed, options)
    signal?.throwIfAborted()
    return createSource(opened, { archive, image })
  } catch (reason) {
    await archive[Symbol.asyncDispose]()
    throw reason
  }
}

interface Loaded {
  readonly archive: ArchiveFile
  readonly image: ArchivedImage
}

function createSource({ reference, options }: OpenOptions, { archive, image }: Loaded): ImageSource {
  const { manifest, layers } = image
  const isPlain = ![...layers.values()].some(({ isPacked }) => isPacked)
  let closing: Promise<void> | undefined
  return Object.freeze<ImageSource>({
    reference,
    traits: Object.freeze({ parallelBlobs: 16, rangeReads: isPlain, makesManifest: true }),
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
      return openBlob({ archive, image }, blob, { ...options, ...getOptions })
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

type BlobOptions = GetBlobOptions & ResolvedReadOptions

function openBlob({ archive, image }: Loaded, { digest }: Descriptor, options: BlobOptions): BlobReader {
  const { offset = 0 } = options
  if (digest === image.configDigest) {
    const { byteLength } = image.config
    // A chunk is the reader's; these bytes are given to others, too.
    return createReader(byteLength, () => bytesBody(image.config.slice()).open(offset, options.end))
  }
  const layer = image.layers.get(digest)
  if (layer === undefined) throw new ImageError('NOT_FOUND', `${archive.what} has no blob ${digest} for this image`)
  return createReader(layer.size, () => readLayer(archive, layer, options))
}

function readLayer(
  archive: ArchiveFile,
  { entry, isPacked, size }: ArchivedLayer,
  options: BlobOptions,
): AsyncIterable<Uint8Array> {
  const { offset = 0, end = size, signal } = options
  if (!isPacked) return openEntry(archive.access, entry, { offset, end, signal })
  const whole = openLayer(archive, entry, options)
  if (offset === 0 && end >= size) return whole
  return firstBytes(skipBytes(whole, offset), end - offset)
}

/** The names of all images in the archive. */
export async function* listNames(
  { file, options }: OpenOptions,
  operation: OperationOptions = {},
): AsyncGenerator<string> {
  operation.signal?.throwIfAborted()
  await using archive = await openArchive(file, { ...options, signal: operation.signal })
  for (const name of usableNames(await readImages(archive, operation.signal))) {
    operation.signal?.throwIfAborted()
    yield name
  }
}
