import { ImageError, type Descriptor, type Digest, type ManifestBytes, type OperationOptions } from '@crossdock/core'
import { blobsOf, childrenOf, type Manifest, parseManifest } from '../manifest.ts'
import { isIndexType, isManifestType } from '../media-types.ts'

/**
 * Reads a manifest of a layout and verifies it against its descriptor. Throws `NOT_FOUND` if it is not there, `DIGEST_MISMATCH`,
 * `LIMIT_EXCEEDED`, `IO`.
 */
export type ManifestReader = (descriptor: Descriptor, options?: OperationOptions) => Promise<ManifestBytes>

/** An index of indexes of indexes … deeper than this is no image. */
const MAX_DEPTH = 16
const MAX_MANIFESTS = 100_000

export interface LayoutNode {
  readonly descriptor: Descriptor
  /** The document; undefined if its blob is not there, or if it was not to be read. */
  readonly manifest: Manifest | undefined
}

export interface WalkLayoutOptions extends OperationOptions {
  /** Whether the manifests of images are read besides the indexes. */
  readonly readImages: boolean
  /** Whether documents that are damaged or no manifests count as not there. Default: false, the walk fails. */
  readonly skipDamaged?: boolean | undefined
}

/**
 * Every manifest and index that the roots reach, each once, nearest first. `subject` is not followed. Throws what reading and
 * parsing throw, but for missing blobs: an index may list more than is there.
 */
export async function* walkLayout(
  read: ManifestReader,
  roots: readonly Descriptor[],
  { readImages, skipDamaged = false, signal }: WalkLayoutOptions,
): AsyncGenerator<LayoutNode> {
  const seen = new Set<Digest>()
  for (let level = roots, depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) throw new ImageError('LIMIT_EXCEEDED', `indexes are nested more than ${MAX_DEPTH} deep`)
    const next: Descriptor[] = []
    for (const descriptor of level) {
      signal?.throwIfAborted()
      if (seen.has(descriptor.digest) || !isDocument(descriptor)) continue
      seen.add(descriptor.digest)
      if (seen.size > MAX_MANIFESTS)
        throw new ImageError('LIMIT_EXCEEDED', `there are more than ${MAX_MANIFESTS} manifests`)
      const isRead = readImages || isIndexType(descriptor.mediaType)
      const manifest = isRead ? await readListed(read, descriptor, { skipDamaged, signal }) : undefined
      yield { descriptor, manifest }
      if (manifest !== undefined) next.push(...childrenOf(manifest))
    }
    level = next
  }
}

/** A manifest, read and checked; undefined if its blob is not there. */
export async function readListed(
  read: ManifestReader,
  descriptor: Descriptor,
  { skipDamaged = false, signal }: Pick<WalkLayoutOptions, 'skipDamaged' | 'signal'> = {},
): Promise<Manifest | undefined> {
  try {
    return parseManifest(await read(descriptor, { signal }))
  } catch (reason) {
    if (!(reason instanceof ImageError)) throw reason
    if (reason.code === 'NOT_FOUND' || (skipDamaged && reason.code !== 'IO')) return undefined
    throw reason
  }
}

/** Everything that a document needs to be there: its blobs, its children, and other content that an index lists. */
export function neededBy(manifest: Manifest): readonly Descriptor[] {
  return manifest.kind === 'index' ? childrenOf(manifest) : blobsOf(manifest)
}

export function isDocument({ mediaType }: Descriptor): boolean {
  return isManifestType(mediaType) || isIndexType(mediaType)
}
