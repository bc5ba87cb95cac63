import {
  type Descriptor,
  ImageError,
  MAX_MANIFEST_BYTES,
  type ManifestBytes,
  quoteForeign,
  shortDigest,
} from '@crossdock/core'
import { checkDescriptor, isForeignLayer, optionalMediaType } from './descriptor.ts'
import { NO_STRINGS, asPlace, fieldPath, optional, optionalStrings, type Place, requiredList } from './fields.ts'
import { member, parseJsonDocument } from './json.ts'
import { resolveDocumentType, saysNothing } from './manifest-type.ts'
import { DOCKER_MANIFEST, DOCKER_MANIFEST_LIST, isIndexType, isSchema1Type, normalizeMediaType } from './media-types.ts'

/** A document that was read and checked. What is not known of it stays in its bytes, which are what travels. */
export type Manifest = ImageManifest | ImageIndex

export type ManifestFormat = 'oci' | 'docker'

interface ManifestBase {
  /** One of `MANIFEST_MEDIA_TYPES`: what the document is, by what was said of it and by what it says. */
  readonly mediaType: string
  readonly format: ManifestFormat
  /** Empty if there are none. Without a prototype. */
  readonly annotations: Readonly<Record<string, string>>
  readonly artifactType?: string | undefined
  /** The manifest that this one refers to (image-spec, manifest.md, "subject"). */
  readonly subject?: Descriptor | undefined
}

/** One image, or one artifact. */
export interface ImageManifest extends ManifestBase {
  readonly kind: 'image'
  readonly config: Descriptor
  /** From the base layer up; may be empty. */
  readonly layers: readonly Descriptor[]
}

/** Several manifests; some may be indexes themselves. */
export interface ImageIndex extends ManifestBase {
  readonly kind: 'index'
  /** In the document's order; may be empty. */
  readonly manifests: readonly Descriptor[]
}

export interface ParseManifestOptions {
  /** What an index says of this document; size and type must hold. */
  readonly descriptor?: Descriptor | undefined
}

/**
 * Reads a manifest or index: OCI image-spec 1.1 (manifest.md, image-index.md) or Docker schema 2. Only exact keys count,
 * and one that differs from them in case alone is refused; what is unknown is passed over; of a key that occurs twice the last
 * one counts.
 *
 * Throws `INVALID_DATA` naming the field for whatever contradicts itself or has the wrong type, `LIMIT_EXCEEDED` beyond
 * `MAX_MANIFEST_BYTES` or 128 levels, and `UNSUPPORTED` for schema 1, which `parseAnyManifest` reads, and for types that are no manifest.
 */
export function parseManifest(manifest: ManifestBytes, options: ParseManifestOptions = {}): Manifest {
  const what = `manifest ${shortDigest(manifest.digest)}`
  const place = asPlace(parseJsonDocument(manifest.bytes, { what, maxBytes: MAX_MANIFEST_BYTES }), `${what}:`)
  const mediaType = resolveDocumentType(place, manifest.mediaType)
  if (options.descriptor !== undefined) checkPromise(manifest, mediaType, options.descriptor)
  const shared = readShared(place, mediaType)
  if (isIndexType(mediaType)) {
    const manifests = requiredList(place, 'manifests', checkDescriptor)
    checkSizesAgree(manifests, what)
    return { kind: 'index', ...shared, manifests }
  }
  const config = checkDescriptor(member(place.object, 'config'), fieldPath(place.where, 'config'))
  const layers = requiredList(place, 'layers', checkDescriptor)
  checkSizesAgree([config, ...layers], what)
  return { kind: 'image', ...shared, config, layers }
}

/**
 * The blobs of an image, each once: the config, then the layers from the base up. Foreign layers are among them, see
 * `isForeignLayer`; a digest that is both foreign and not counts as not, so that it is fetched. An index has none.
 */
export function blobsOf(manifest: Manifest): readonly Descriptor[] {
  if (manifest.kind === 'index') return []
  const blobs = new Map<string, Descriptor>()
  for (const blob of [manifest.config, ...manifest.layers]) {
    const known = blobs.get(blob.digest)
    if (known === undefined || (isForeignLayer(known) && !isForeignLayer(blob))) blobs.set(blob.digest, blob)
  }
  return [...blobs.values()]
}

/** The manifests of an index, each digest once, in the document's order. An image has none. */
export function childrenOf(manifest: Manifest): readonly Descriptor[] {
  if (manifest.kind === 'image') return []
  const children = new Map<string, Descriptor>()
  for (const child of manifest.manifests) if (!children.has(child.digest)) children.set(child.digest, child)
  return [...children.values()]
}

function readShared(place: Place, mediaType: string): ManifestBase {
  const docker = mediaType === DOCKER_MANIFEST || mediaType === DOCKER_MANIFEST_LIST
  const artifactType = optionalMediaType(place, 'artifactType')
  const subject = optional(place, 'subject')
  return {
    mediaType,
    format: docker ? 'docker' : 'oci',
    annotations: optionalStrings(place, 'annotations') ?? NO_STRINGS,
    ...(artifactType !== undefined && { artifactType }),
    ...(subject !== undefined && { subject: checkDescriptor(subject, fieldPath(place.where, 'subject')) }),
  }
}

/** A descriptor is a promise about the document behind it (image-spec, descriptor.md). */
export function checkPromise(manifest: ManifestBytes, mediaType: string, descriptor: Descriptor): void {
  const what = `manifest ${shortDigest(manifest.digest)}`
  const size = manifest.bytes.byteLength
  if (size !== descriptor.size) {
    throw new ImageError('INVALID_DATA', `${what} has ${size} bytes, but its descriptor says ${descriptor.size}`)
  }
  const promised = normalizeMediaType(descriptor.mediaType)
  // The two types of schema 1 are used for one another.
  const kept = promised === mediaType || (isSchema1Type(promised) && isSchema1Type(mediaType))
  if (!kept && !saysNothing(promised)) {
    const shown = quoteForeign(promised, 100)
    throw new ImageError(
      'INVALID_DATA',
      `${what} is a document of type ${mediaType}, but its descriptor says "${shown}"`,
    )
  }
}

/** Content has one size: two that differ for one digest mean that one of them lies. */
function checkSizesAgree(descriptors: readonly Descriptor[], what: string): void {
  const sizes = new Map<string, number>()
  for (const { digest, size } of descriptors) {
    const known = sizes.get(digest)
    if (known !== undefined && known !== size) {
      throw new ImageError('INVALID_DATA', `${what} gives ${digest} two sizes, ${known} and ${size} bytes`)
    }
    sizes.set(digest, size)
  }
}
