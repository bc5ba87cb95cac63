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
  type ImageDocument,
  isIndexType,
  isManifestType,
  isSchema1Type,
  MAX_INDEX_DEPTH,
  nestedTooDeep,
  readDocument,
  schema1Layers,
} from '@crossdock/formats'
import { createLimiter, type Limiter } from '@crossdock/streams'
import { type Operation, onSide } from './operation.ts'
import type { ResolvedOptions } from './options.ts'
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
  /** Manifests whose subject is in the graph, referrers of referrers last. Written by digest, after `top`. */
  readonly referrers: readonly ManifestNode[]
}

/** More manifests in one image than this are refused. */
const MAX_MANIFESTS = 10_000

interface Settings {
  readonly options: ResolvedOptions
  readonly operation: Operation
}

/** Reads every manifest that will be copied. Whatever fails ends the other reads before the failure is rethrown. */
export async function loadGraph(source: ImageSource, root: Root, settings: Settings): Promise<ImageGraph> {
  const controller = new AbortController()
  const operation = settings.operation.under(controller.signal)
  const walker = new GraphWalker(source, { ...settings, operation })
  try {
    const top = await walker.expand(root, 0)
    const referrers = settings.options.referrers ? await walker.referrers(top) : []
    return { top, referrers }
  } catch (error) {
    controller.abort(error)
    await walker.settled()
    throw error
  }
}

class GraphWalker {
  readonly #source: ImageSource
  readonly #options: ResolvedOptions
  readonly #operation: Operation
  readonly #limiter: Limiter
  readonly #nodes = new Map<Digest, Promise<ManifestNode>>()

  constructor(source: ImageSource, { options, operation }: Settings) {
    this.#source = source
    this.#options = options
    this.#operation = operation
    this.#limiter = createLimiter(options.concurrency)
  }

  async expand(document: ImageDocument & Partial<Pick<Root, 'members'>>, depth: number): Promise<ManifestNode> {
    const { image, manifest, parsed, members } = document
    const node = { image, manifest, parsed, signatures: await this.#signatures(image, manifest) }
    if (parsed.kind === 'image') return { ...node, layers: parsed.layers, blobs: blobsOf(parsed), children: [] }
    if (parsed.kind === 'schema1') {
      const layers = await this.#atSource(() => schema1Layers(this.#source, parsed, this.#operation))
      return { ...node, layers, blobs: distinct(layers), children: [] }
    }
    const listed = members ?? childrenOf(parsed)
    // An index may list any content (image-spec, image-index.md, "manifests"): what is no manifest travels as a blob.
    const blobs = listed.filter((descriptor) => !isDocument(descriptor))
    const children = await Promise.all(listed.filter(isDocument).map((child) => this.#instance(child, depth + 1)))
    return { ...node, layers: [], blobs, children }
  }

  /** Breadth first over `subject`, each manifest once: referrers of referrers may form a circle. */
  async referrers(top: ManifestNode): Promise<readonly ManifestNode[]> {
    const seen = new Set(manifestsOf([top]).map((node) => node.manifest.digest))
    const found: ManifestNode[] = []
    for (let round: readonly Digest[] = [...seen]; round.length > 0;) {
      const listed = await Promise.all(round.map((subject) => this.#limiter.run(() => this.#referrersOf(subject))))
      const fresh = listed.flat().filter(({ digest }) => !seen.has(digest) && seen.add(digest))
      const loaded = await Promise.all(fresh.map((descriptor) => this.#instance(descriptor, 0)))
      found.push(...loaded)
      round = loaded.map((node) => node.manifest.digest)
    }
    return found
  }

  settled(): Promise<unknown> {
    return Promise.allSettled(this.#nodes.values())
  }

  /** A manifest that an index or a list of referrers names, with all that it reaches; each is read once. */
  #instance(descriptor: Descriptor, depth: number): Promise<ManifestNode> {
    const started = this.#nodes.get(descriptor.digest) ?? this.#load(descriptor, depth)
    this.#nodes.set(descriptor.digest, started)
    return started
  }

  async #load(descriptor: Descriptor, depth: number): Promise<ManifestNode> {
    const operation = this.#operation
    const read = async (): Promise<ImageDocument> => {
      if (depth > MAX_INDEX_DEPTH) throw nestedTooDeep(this.#source.reference)
      if (this.#nodes.size >= MAX_MANIFESTS) {
        throw new ImageError('LIMIT_EXCEEDED', `the image has more than ${MAX_MANIFESTS} manifests`)
      }
      return await readDocument(unparsedImage(this.#source, descriptor.digest), { ...operation, descriptor })
    }
    return this.expand(await this.#limiter.run(() => this.#atSource(read), operation), depth)
  }

  async #signatures(image: UnparsedImage, manifest: ManifestBytes): Promise<readonly Signature[]> {
    if (this.#options.signatures === 'drop') return []
    const operation = this.#operation
    const read = () => image.signatures(operation)
    const signatures = await this.#atSource(read)
    if (signatures.length > 0 && (await image.manifest(operation)).digest !== manifest.digest) {
      throw new ImageError(
        'UNSUPPORTED',
        'the index is signed, and a signature does not hold for a part of it: copy all platforms, keep the index sparse, or drop signatures',
      )
    }
    return signatures
  }

  #referrersOf(subject: Digest): Promise<readonly Descriptor[]> {
    const list = async (): Promise<readonly Descriptor[]> => {
      const descriptors: Descriptor[] = []
      for await (const found of this.#source.referrers?.(subject, this.#operation) ?? []) descriptors.push(found)
      return descriptors
    }
    return this.#atSource(list)
  }

  #atSource<Value>(call: () => Promise<Value>): Promise<Value> {
    return onSide('source', this.#source.reference, call, this.#operation.signal)
  }
}

function isDocument({ mediaType }: Descriptor): boolean {
  return isManifestType(mediaType) || isIndexType(mediaType) || isSchema1Type(mediaType)
}

function distinct(blobs: readonly Descriptor[]): readonly Descriptor[] {
  return [...new Map(blobs.map((blob) => [blob.digest, blob])).values()]
}

/** The layers that have files: schema 1 names one for each step, also for those that changed nothing. */
export function layersWithFiles({ layers, parsed }: ManifestNode): readonly Descriptor[] {
  if (parsed.kind !== 'schema1') return layers
  return layers.filter((_, index) => parsed.layers[index]?.history.emptyLayer === false)
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
