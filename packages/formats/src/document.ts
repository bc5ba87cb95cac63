import {
  type Descriptor,
  ImageError,
  imageName,
  type ImageReference,
  type ImageSource,
  MAX_MANIFEST_BYTES,
  type ManifestBytes,
  type OperationOptions,
  type Platform,
  unparsedImage,
  type UnparsedImage,
} from '@crossdock/core'
import { type AnyManifest, parseAnyManifest } from './any-manifest.ts'
import { selectInstance } from './select-instance.ts'

/** Indexes in indexes deeper than this are refused: real images need two. */
export const MAX_INDEX_DEPTH = 8

/** A manifest or index, of any format, that was fetched, verified and read. */
export interface ImageDocument {
  /** What it was read from; signatures are for this. */
  readonly image: UnparsedImage
  /** The exact bytes, under the type that the document says: a source may not have been told it. */
  readonly manifest: ManifestBytes
  readonly parsed: AnyManifest
}

export interface ReadDocumentOptions extends OperationOptions {
  /** What an index, or a list of referrers, says of the document; it must hold. */
  readonly descriptor?: Descriptor | undefined
}

/** Throws what the source and `parseAnyManifest` throw, naming the image. */
export async function readDocument(
  image: UnparsedImage,
  { descriptor, ...operation }: ReadDocumentOptions = {},
): Promise<ImageDocument> {
  if (descriptor !== undefined && descriptor.size > MAX_MANIFEST_BYTES) throw tooLarge(image.reference, descriptor)
  const manifest = await image.manifest(operation)
  const parsed = ofImage(image.reference, () => parseAnyManifest(manifest, { descriptor }))
  return { image, manifest: { ...manifest, mediaType: parsed.mediaType }, parsed }
}

/** Nothing is fetched that would be refused. */
function tooLarge(reference: ImageReference, { digest, size }: Descriptor): ImageError {
  return new ImageError(
    'LIMIT_EXCEEDED',
    `the manifest ${digest} has ${size} bytes, by what lists it; at most ${MAX_MANIFEST_BYTES} are read`,
    { image: imageName(reference) },
  )
}

export interface ChooseInstanceOptions extends OperationOptions {
  readonly platform: Platform
}

/**
 * The document itself if it is an image; of an index the image for one platform, through indexes in indexes. Throws
 * `NOT_FOUND` naming the platforms that there are, and `LIMIT_EXCEEDED` beyond `MAX_INDEX_DEPTH`.
 */
export async function chooseInstance(
  source: ImageSource,
  document: ImageDocument,
  { platform, ...operation }: ChooseInstanceOptions,
): Promise<ImageDocument> {
  let current = document
  for (let depth = 1; current.parsed.kind === 'index'; depth += 1) {
    if (depth > MAX_INDEX_DEPTH) throw nestedTooDeep(source.reference)
    const index = current.parsed
    const descriptor = ofImage(source.reference, () => selectInstance(index, platform))
    current = await readDocument(unparsedImage(source, descriptor.digest), { ...operation, descriptor })
  }
  return current
}

export function nestedTooDeep(reference: ImageReference): ImageError {
  const image = imageName(reference)
  return new ImageError('LIMIT_EXCEEDED', `indexes are nested more than ${MAX_INDEX_DEPTH} deep`, { image })
}

/** Runs what looks into an image's documents; its failure says whose they are. */
export function ofImage<Value>(reference: ImageReference, look: () => Value): Value {
  try {
    return look()
  } catch (reason) {
    throw reason instanceof ImageError ? ImageError.from(reason, reason.code, { image: imageName(reference) }) : reason
  }
}
