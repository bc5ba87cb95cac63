import { type Descriptor, type Digest, ImageError, type OperationOptions } from '@crossdock/core'
import { childrenOf, isIndexType, type Manifest, parseManifest } from '@crossdock/formats'
import { isDocument, usableDescriptors } from './index-file.ts'
import { type ArchivedLayout, readManifest } from './layout.ts'

/** An index of indexes of indexes … deeper than this is no image. */
const MAX_DEPTH = 16
const MAX_MANIFESTS = 100_000

export interface GraphNode {
  readonly descriptor: Descriptor
  /** The document; undefined if it is not there or damaged, or if it was not to be read. */
  readonly manifest: Manifest | undefined
}

export interface WalkOptions extends OperationOptions {
  /** Whether the manifests of images are read besides the indexes. */
  readonly readImages: boolean
}

/** Every manifest and index that the roots reach, each once, nearest first; what is damaged or missing is passed over. */
export async function* walkGraph(
  layout: ArchivedLayout,
  roots: readonly Descriptor[],
  { readImages, signal }: WalkOptions,
): AsyncGenerator<GraphNode> {
  const seen = new Set<Digest>()
  for (let level = roots, depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) throw new ImageError('LIMIT_EXCEEDED', `indexes are nested more than ${MAX_DEPTH} deep`)
    const next: Descriptor[] = []
    for (const descriptor of level) {
      signal?.throwIfAborted()
      if (seen.has(descriptor.digest) || !isDocument(descriptor)) continue
      seen.add(descriptor.digest)
      if (seen.size > MAX_MANIFESTS) {
        throw new ImageError('LIMIT_EXCEEDED', `there are more than ${MAX_MANIFESTS} manifests`)
      }
      const isRead = readImages || isIndexType(descriptor.mediaType)
      const manifest = isRead ? await readDocument(layout, descriptor, signal) : undefined
      yield { descriptor, manifest }
      if (manifest !== undefined) next.push(...childrenOf(manifest))
    }
    level = next
  }
}

/** A manifest, read and checked; undefined if it is missing or damaged. */
export async function readDocument(
  layout: ArchivedLayout,
  descriptor: Descriptor,
  signal?: AbortSignal,
): Promise<Manifest | undefined> {
  try {
    return parseManifest(await readManifest(layout, descriptor, signal))
  } catch (reason) {
    if (!(reason instanceof ImageError) || reason.code === 'IO') throw reason
    return undefined
  }
}

export interface FindOptions extends OperationOptions {
  /** Looked through first: what is asked for is mostly an instance of the chosen image. */
  readonly top?: Descriptor | undefined
}

/** The descriptor of a manifest. Throws `NOT_FOUND` if neither `index.json` nor an index that it reaches lists the digest. */
export async function findManifest(
  layout: ArchivedLayout,
  digest: Digest,
  { top, signal }: FindOptions = {},
): Promise<Descriptor> {
  signal?.throwIfAborted()
  const entries = usableDescriptors(layout.index)
  const listed = entries.find((entry) => entry.digest === digest)
  if (listed !== undefined) return listed
  for (const roots of [top === undefined ? [] : [top], entries]) {
    for await (const { manifest } of walkGraph(layout, roots, { readImages: false, signal })) {
      const found = manifest?.kind === 'index' ? manifest.manifests.find((child) => child.digest === digest) : undefined
      if (found !== undefined && isDocument(found)) return found
    }
  }
  throw new ImageError('NOT_FOUND', `nothing in ${layout.archive.what} lists a manifest ${digest}`)
}
