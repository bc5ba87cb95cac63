import { type BlobPaths, readManifestBlob } from '@crossdock/blob-files'
import { ImageError, type Descriptor, type Digest, type OperationOptions } from '@crossdock/core'
import { blobsOf, childrenOf, isIndexType, isManifestType, parseManifest, type Manifest } from '@crossdock/formats'

/** An index of indexes of indexes … deeper than this is no image. */
const MAX_DEPTH = 16
const MAX_MANIFESTS = 100_000

export interface GraphNode {
  readonly descriptor: Descriptor
  /** The document; undefined if its blob is not there, or if it was not to be read. */
  readonly manifest: Manifest | undefined
}

export interface WalkOptions extends OperationOptions {
  /** Whether the manifests of images are read besides the indexes. */
  readonly readImages: boolean
  /** Whether documents that are damaged or no manifests count as not there. Default: false, the walk fails. */
  readonly skipDamaged?: boolean | undefined
}

/**
 * Every manifest and index that the roots reach, each once, nearest first. `subject` is not followed. Throws what reading and
 * parsing throw, but for missing blobs: an index may list more than is there.
 */
export async function* walkGraph(
  blobs: BlobPaths,
  roots: readonly Descriptor[],
  { readImages, skipDamaged = false, signal }: WalkOptions,
): AsyncGenerator<GraphNode> {
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
      const read = readImages || isIndexType(descriptor.mediaType)
      const manifest = read ? await readDocument(blobs, descriptor, { skipDamaged }) : undefined
      yield { descriptor, manifest }
      if (manifest !== undefined) next.push(...childrenOf(manifest))
    }
    level = next
  }
}

/** A manifest, read and checked; undefined if its blob is not there. */
export async function readDocument(
  blobs: BlobPaths,
  descriptor: Descriptor,
  { skipDamaged = false }: Pick<WalkOptions, 'skipDamaged'> = {},
): Promise<Manifest | undefined> {
  try {
    return parseManifest(await readManifestBlob(blobs, descriptor))
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
