import {
  type Descriptor,
  type Digest,
  ImageError,
  type ImageSource,
  type ManifestBytes,
  type Signature,
  unparsedImage,
  type UnparsedImage,
} from '@crossdock/core'
import {
  blobsOf,
  childrenOf,
  dispatch,
  type Handler,
  type ImageDocument,
  layersWithFiles,
  MAX_INDEX_DEPTH,
  nestedTooDeep,
  readDocument,
  schema1Layers,
} from '@crossdock/formats'
import { createLimiter, type Limiter } from '@crossdock/streams'
import { isDocument, MAX_MANIFESTS, tooManyManifests } from './manifest-limits.ts'
import { type Operation, onSide } from './operation.ts'
import type { ResolvedOptions } from './options.ts'
import { loadReferrers } from './referrers.ts'
import type { Root } from './root.ts'

/** One manifest or index that will be written, with what has to be there before it. */
export interface ManifestNode extends ImageDocument {
  /** Of an image, from the base up; of schema 1 one for each step, those without files included. */
  readonly layers: readonly Descriptor[]
  readonly blobs: readonly Descriptor[]
  readonly children: readonly ManifestNode[]
  readonly signatures: readonly Signature[]
}

/** All that will be written. */
export interface ImageGraph {
  /** What the destination reference will name. */
  readonly top: ManifestNode
  /** Manifests that refer to one in the graph, referrers of referrers last. Written by digest, after `top`. */
  readonly referrers: readonly ManifestNode[]
  /** The tags that tie referrers to their subjects, by the digest of what they name. */
  readonly tags: ReadonlyMap<Digest, readonly string[]>
}

interface Settings {
  readonly options: ResolvedOptions
  readonly operation: Operation
}

/** Reads every manifest that will be copied. Whatever fails ends the other reads before the failure is rethrown. */
export async function loadGraph(source: ImageSource, root: Root, settings: Settings): Promise<ImageGraph> {
  const reader = new GraphReader(source, root, settings)
  const { mediaType, digest, bytes } = root.manifest
  await reader.read([{ mediaType, digest, size: bytes.byteLength }])
  const top = reader.nodeOf(digest)
  if (!settings.options.referrers) return { top, referrers: [], tags: new Map() }
  const subjects = manifestsOf([top]).map(({ manifest }) => manifest.digest)
  const { nodes, tags } = await loadReferrers(subjects, { source, ...settings }, async (descriptors) => {
    await reader.read(descriptors)
    return descriptors.map((descriptor) => reader.nodeOf(descriptor.digest))
  })
  return { top, referrers: nodes, tags }
}

/** Of the root it is known which of its manifests are wanted. */
type RootedDocument = ImageDocument & Partial<Pick<Root, 'members'>>

/** What a document becomes a node from. */
interface ReadManifest extends Omit<ManifestNode, 'children'> {
  readonly children: readonly Descriptor[]
}

class GraphReader {
  readonly #source: ImageSource
  readonly #root: Root
  readonly #options: ResolvedOptions
  readonly #operation: Operation
  readonly #limiter: Limiter
  readonly #manifests = new Map<Digest, ReadManifest>()
  readonly #nodes = new Map<Digest, ManifestNode>()
  #count = 0

  constructor(source: ImageSource, root: Root, { options, operation }: Settings) {
    this.#source = source
    this.#root = root
    this.#options = options
    this.#operation = operation
    this.#limiter = createLimiter(options.concurrency)
  }

  /** Reads these manifests, and all that they reach; each once. */
  async read(roots: readonly Descriptor[]): Promise<void> {
    const handler: Handler = async (descriptor, { depth, signal = this.#operation.signal }) => {
      if (this.#manifests.has(descriptor.digest)) return []
      const operation = { ...this.#operation, signal }
      const load = async (): Promise<ReadManifest> =>
        await this.#expand(await this.#document(descriptor, depth, operation), operation)
      const manifest = await onSide('source', this.#source.reference, load, signal)
      this.#manifests.set(descriptor.digest, manifest)
      return manifest.children
    }
    await dispatch(roots, handler, { limiter: this.#limiter, signal: this.#operation.signal })
  }

  /** A manifest that was read, with the nodes of all that it reaches. */
  nodeOf(digest: Digest): ManifestNode {
    const known = this.#nodes.get(digest)
    if (known !== undefined) return known
    const manifest = this.#manifests.get(digest)
    if (manifest === undefined) throw new TypeError(`the manifest ${digest} was not read`)
    const node = { ...manifest, children: manifest.children.map((child) => this.nodeOf(child.digest)) }
    this.#nodes.set(digest, node)
    return node
  }

  async #document(descriptor: Descriptor, depth: number, operation: Operation): Promise<RootedDocument> {
    if (descriptor.digest === this.#root.manifest.digest) return this.#root
    if (depth > MAX_INDEX_DEPTH) throw nestedTooDeep(this.#source.reference)
    this.#count += 1
    if (this.#count > MAX_MANIFESTS) throw tooManyManifests()
    const image = this.#root.judged.get(descriptor.digest) ?? unparsedImage(this.#source, descriptor.digest)
    return await readDocument(image, { ...operation, descriptor })
  }

  async #expand(document: RootedDocument, operation: Operation): Promise<ReadManifest> {
    const { image, manifest, parsed, members } = document
    const node = { image, manifest, parsed, signatures: await this.#signatures(image, manifest, operation) }
    if (parsed.kind === 'image') return { ...node, layers: parsed.layers, blobs: blobsOf(parsed), children: [] }
    if (parsed.kind === 'schema1') {
      const layers = await schema1Layers(this.#source, parsed, operation)
      return { ...node, layers, blobs: distinct(layers), children: [] }
    }
    const listed = members ?? childrenOf(parsed)
    // An index may list any content (image-spec, image-index.md, "manifests"): what is no manifest travels as a blob.
    const blobs = listed.filter((descriptor) => !isDocument(descriptor))
    return { ...node, layers: [], blobs, children: listed.filter(isDocument) }
  }

  async #signatures(
    image: UnparsedImage,
    manifest: ManifestBytes,
    operation: Operation,
  ): Promise<readonly Signature[]> {
    if (this.#options.signatures === 'drop') return []
    const signatures = await image.signatures(operation)
    if (signatures.length > 0 && (await image.manifest(operation)).digest !== manifest.digest) {
      throw new ImageError(
        'UNSUPPORTED',
        'the index is signed, and a signature does not hold for a part of it: copy all platforms, keep the index sparse, or drop signatures',
      )
    }
    return signatures
  }
}

function distinct(blobs: readonly Descriptor[]): readonly Descriptor[] {
  return [...new Map(blobs.map((blob) => [blob.digest, blob])).values()]
}

/** The layers that have files: schema 1 names one for each step, also for those that changed nothing. */
export function filesOf({ layers, parsed }: ManifestNode): readonly Descriptor[] {
  return parsed.kind === 'schema1' ? layersWithFiles(parsed, layers) : layers
}

/** Every manifest of these graphs once, children before those that list them. */
export function manifestsOf(roots: readonly ManifestNode[]): readonly ManifestNode[] {
  const seen = new Set<Digest>()
  const ordered: ManifestNode[] = []
  const visit = (node: ManifestNode): void => {
    if (seen.has(node.manifest.digest)) return
    seen.add(node.manifest.digest)
    node.children.forEach(visit)
    ordered.push(node)
  }
  roots.forEach(visit)
  return ordered
}

/** Every blob of these graphs once. */
export function distinctBlobs(roots: readonly ManifestNode[]): readonly Descriptor[] {
  const blobs = new Map<Digest, Descriptor>()
  for (const node of manifestsOf(roots)) {
    for (const blob of node.blobs) {
      const known = blobs.get(blob.digest)
      if (known !== undefined && known.size !== blob.size) {
        throw new ImageError(
          'INVALID_DATA',
          `the image gives the blob ${blob.digest} two sizes, ${known.size} and ${blob.size}`,
          { side: 'source' },
        )
      }
      blobs.set(blob.digest, known ?? blob)
    }
  }
  return [...blobs.values()]
}
