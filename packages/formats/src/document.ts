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
import { type Manifest, parseManifest, type ParseManifestOptions } from './manifest.ts'
import { selectInstance } from './select-instance.ts'

/** Indexes in indexes deeper than this are refused: real images need two. */
export const MAX_INDEX_DEPTH = 8

interface ReadDocument<Parsed extends AnyManifest> {
  /** What it was read from; signatures are for this. */
  readonly image: UnparsedImage
  /** The exact bytes, under the type that the document says: a source may not have been told it. */
  readonly manifest: ManifestBytes
  readonly parsed: Parsed
}

/** A manifest or index that was fetched, verified and read. */
export interface ImageDocument extends ReadDocument<Manifest> {}

/** The same, or a schema 1 manifest. */
export interface AnyDocument extends ReadDocument<AnyManifest> {}

export interface ReadDocumentOptions extends OperationOptions {
  /** What an index, or a list of referrers, says of the document; it must hold. */
  readonly descriptor?: Descriptor | undefined
}

/** Throws what the source and `parseManifest` throw, naming the image. */
export function readDocument(image: UnparsedImage, options: ReadDocumentOptions = {}): Promise<ImageDocument> {
  return read(image, parseManifest, options)
}

/** The same, but schema 1 is read too: throws what the source and `parseAnyManifest` throw. */
export function readAnyDocument(image: UnparsedImage, options: ReadDocumentOptions = {}): Promise<AnyDocument> {
  return read(image, parseAnyManifest, options)
}

async function read<Parsed extends AnyManifest>(
  image: UnparsedImage,
  parse: (manifest: ManifestBytes, options: ParseManifestOptions) => Parsed,
  { descriptor, ...operation }: ReadDocumentOptions,
): Promise<ReadDocument<Parsed>> {
  if (descriptor !== undefined && descriptor.size > MAX_MANIFEST_BYTES) throw tooLarge(image.reference, descriptor)
  const manifest = await image.manifest(operation)
  const parsed = ofImage(image.reference, () => parse(manifest, { descriptor }))
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
