import { type Descriptor, type Digest, type ImageSource, unparsedImage } from '@crossdock/core'
import {
  childrenHandler,
  childrenOf,
  dispatch,
  type DocumentReader,
  documentReader,
  formatPlatform,
  imageSize,
  type ImageIndex,
  isAttestation,
  isDocument,
  type Manifest,
  readDocument,
  walk,
} from '@crossdock/formats'
import { createLimiter, recycle, runAll } from '@crossdock/streams'
import type { Operation } from './invocation.ts'
import { layersOf, type OpenLayersOptions } from './root-filesystem/open-layers.ts'

/** What `inspect --sizes` finds out, in bytes. */
export interface ImageSizes {
  /** Of each layer's tar, of the image that is shown. */
  readonly unpacked: readonly number[]
  /** Undefined if the name stands for no index. */
  readonly index: IndexSizes | undefined
}

export interface IndexSizes {
  /** Of all that the index reaches; what several platforms have counts once. */
  readonly total: number
  readonly instances: readonly InstanceSize[]
}

export interface InstanceSize {
  readonly platform: string | undefined
  readonly digest: Digest
  /** Of configuration and layers, as they are stored. */
  readonly size: number
  /** The part of it that other instances have as well. */
  readonly shared: number
}

/** Reads every layer of the image, and every manifest of an index. Throws as `layersOf` does. */
export async function findSizes(source: ImageSource, options: OpenLayersOptions): Promise<ImageSizes> {
  const { operation } = options
  const { layers, concurrency } = await layersOf(source, options)
  const unpacked = layers.map(() => 0)
  const measure = async (layer: number, signal: AbortSignal): Promise<void> => {
    for await (const chunk of layers[layer]?.open(signal) ?? []) {
      unpacked[layer] = (unpacked[layer] ?? 0) + chunk.byteLength
      recycle(chunk)
    }
  }
  await runAll(layers.keys(), measure, { concurrency, signal: operation.signal })
  return { unpacked, index: await findIndexSizes(source, operation) }
}

const DEFAULT_PARALLEL_READS = 6

async function findIndexSizes(source: ImageSource, { signal }: Operation): Promise<IndexSizes | undefined> {
  const { manifest, parsed } = await readDocument(unparsedImage(source), { signal })
  if (parsed.kind !== 'index') return undefined
  const top = { mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.bytes.byteLength }
  const known = new Map<Digest, Manifest>([[top.digest, parsed]])
  const fetch = documentReader(({ digest }, options) => unparsedImage(source, digest).manifest(options))
  const read: DocumentReader = async (descriptor, options) => {
    const found = known.get(descriptor.digest) ?? (await fetch(descriptor, options))
    if (found !== undefined) known.set(descriptor.digest, found)
    return found
  }
  const limiter = createLimiter(source.traits.parallelBlobs ?? DEFAULT_PARALLEL_READS)
  await dispatch([top], childrenHandler(read), { limiter, signal })
  return { total: await imageSize(top, { read, signal }), instances: await instanceSizes(parsed, read) }
}

async function instanceSizes(index: ImageIndex, read: DocumentReader): Promise<readonly InstanceSize[]> {
  const entries = childrenOf(index).filter((entry) => isDocument(entry) && !isAttestation(entry))
  const contents = await Promise.all(entries.map((entry) => contentOf(entry, read)))
  const holders = new Map<Digest, number>()
  for (const digest of contents.flatMap((content) => [...content.keys()])) {
    holders.set(digest, (holders.get(digest) ?? 0) + 1)
  }
  return entries.map(({ digest, platform }, place) => {
    const content = [...(contents[place] ?? [])]
    const shared = content.filter(([blob]) => (holders.get(blob) ?? 0) > 1)
    return {
      platform: platform && formatPlatform(platform),
      digest,
      size: sum(content.map(([, size]) => size)),
      shared: sum(shared.map(([, size]) => size)),
    }
  })
}

async function contentOf(entry: Descriptor, read: DocumentReader): Promise<ReadonlyMap<Digest, number>> {
  const content = new Map<Digest, number>()
  for await (const descriptor of walk([entry], childrenHandler(read))) {
    if (!isDocument(descriptor)) content.set(descriptor.digest, descriptor.size)
  }
  return content
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
