import {
  bytesBody,
  type BlobReader,
  type Digest,
  type GetBlobOptions,
  ImageError,
  type ImageReference,
  type ImageSource,
  type OperationOptions,
  type Platform,
  report,
} from '@crossdock/core'
import { type ImageOfAci, imageOfAci, OCI_LAYER_TAR, type OwnerOf } from '@crossdock/formats'
import { firstBytes, skipBytes } from '@crossdock/streams'
import { createReader } from '../access/read-access.ts'
import { detachedSignature } from './detached-signature.ts'
import { type AciLayer, openAciLayer } from './layer.ts'
import type { AciArchive } from './open-aci.ts'
import { type FindDependency, renderAci, type RenderedImage } from './render.ts'

export interface AciSourceOptions extends OperationOptions {
  readonly reference: ImageReference
  /** What an image runs on that does not say so. Default: linux on this machine's CPU. */
  readonly platform?: Platform | undefined
  /** Finds the images that this one depends on, which have to stay open as long. Default: there are none. */
  readonly find?: FindDependency | undefined
  /** The detached signature of the archive, as it is published. Default: there is none. */
  readonly signature?: Uint8Array | undefined
}

/**
 * An App Container Image as a source of an OCI image that is made of it (`docs/conversions.md`): a layer for each image that it takes files from. Files
 * are read once for the digests and stay where they are. The archive is closed with the source, or if this fails. What is assumed and what has no place
 * is told as notes.
 *
 * Throws `NOT_FOUND` for a dependency that is not there, `DIGEST_MISMATCH` for another one, `UNSUPPORTED` for a platform that OCI has no name for,
 * `INVALID_DATA`, `LIMIT_EXCEEDED`.
 */
export async function createAciSource(archive: AciArchive, options: AciSourceOptions): Promise<ImageSource> {
  try {
    const rendered = renderAci(archive, options.find)
    const layers: AciLayer[] = []
    for (const image of rendered.toReversed()) {
      if (image.paths.length > 0) layers.push(await openAciLayer(image, options.signal))
    }
    const image = imageOfAci(archive.manifest, {
      id: archive.id,
      layers: layers.map(factsOf),
      platform: options.platform,
      ownerOf: ownersIn(rendered),
    })
    options.signal?.throwIfAborted()
    for (const note of image.notes) {
      report(options, { type: 'note', level: 'warning', message: `${archive.what}: ${note}` })
    }
    return createSource({ archive, layers, image }, options)
  } catch (reason) {
    await archive[Symbol.asyncDispose]()
    throw reason
  }
}

function factsOf({ archive, digest, size }: AciLayer): Parameters<typeof imageOfAci>[1]['layers'][number] {
  const { manifest, id } = archive
  return { descriptor: { mediaType: OCI_LAYER_TAR, digest, size }, diffId: digest, name: manifest.name, id }
}

/** Links are not followed. */
function ownersIn(rendered: readonly RenderedImage[]): OwnerOf {
  return (path) => {
    const clean = path
      .split('/')
      .filter((part) => part !== '' && part !== '.')
      .join('/')
    const image = rendered.find(({ paths }) => paths.includes(clean))
    return image?.archive.files.get(clean)
  }
}

interface Loaded {
  readonly archive: AciArchive
  readonly layers: readonly AciLayer[]
  readonly image: ImageOfAci
}

function createSource(loaded: Loaded, { reference, signature }: AciSourceOptions): ImageSource {
  const { archive, image } = loaded
  const signatures = signature === undefined ? [] : [detachedSignature(signature, archive)]
  let closing: Promise<void> | undefined
  return Object.freeze<ImageSource>({
    reference,
    traits: Object.freeze({ parallelBlobs: 16, makesManifest: true }),
    async getManifest(instance, options) {
      options?.signal?.throwIfAborted()
      if (instance === undefined || instance === image.manifest.digest) return image.manifest
      throw new ImageError('NOT_FOUND', `${archive.what} has no manifest ${instance}: it holds one image`)
    },
    async getBlob({ digest }, options) {
      options?.signal?.throwIfAborted()
      return openBlob(loaded, digest, options)
    },
    async getSignatures(_instance, options) {
      options?.signal?.throwIfAborted()
      return signatures
    },
    async [Symbol.asyncDispose]() {
      closing ??= Promise.resolve(archive[Symbol.asyncDispose]())
      await closing
    },
  })
}

function openBlob({ archive, layers, image }: Loaded, digest: Digest, options: GetBlobOptions = {}): BlobReader {
  const { offset = 0, end, signal } = options
  if (digest === image.configDigest) {
    // A chunk is the reader's; these bytes are given to others, too.
    return createReader(image.config.byteLength, () => bytesBody(image.config.slice()).open(offset, end))
  }
  const layer = layers.find((each) => each.digest === digest)
  if (layer === undefined) throw new ImageError('NOT_FOUND', `the image of ${archive.what} has no blob ${digest}`)
  return createReader(layer.size, () => {
    const behind = offset === 0 ? layer.open(signal) : skipBytes(layer.open(signal), offset)
    return end === undefined || end >= layer.size ? behind : firstBytes(behind, end - offset)
  })
}
