import { type Descriptor, type Digest, digestOf, ImageError, type ManifestBytes } from '@crossdock/core'
import { type ManifestReader, OCI_CONFIG, OCI_INDEX, OCI_LAYER_GZIP, OCI_MANIFEST } from '../../src/index.ts'
import { bytesOf, manifestBytes } from '../documents.ts'

/** Documents by digest, and descriptors for them and for blobs that are nowhere. */
export interface Graph {
  readonly documents: Map<Digest, ManifestBytes>
  readonly read: ManifestReader
  blob(text: string, mediaType?: string): Descriptor
  image(text: string, layers?: readonly Descriptor[]): Descriptor
  index(manifests: readonly Descriptor[], more?: object): Descriptor
}

function blob(text: string, mediaType = OCI_LAYER_GZIP): Descriptor {
  const bytes = bytesOf(text)
  return { mediaType, digest: digestOf(bytes), size: bytes.byteLength }
}

export function createGraph(): Graph {
  const documents = new Map<Digest, ManifestBytes>()
  const keep = (document: object, mediaType: string): Descriptor => {
    const manifest = manifestBytes({ schemaVersion: 2, mediaType, ...document }, mediaType)
    documents.set(manifest.digest, manifest)
    return { mediaType, digest: manifest.digest, size: manifest.bytes.byteLength }
  }
  return {
    documents,
    read: async ({ digest }) => {
      const found = documents.get(digest)
      if (found === undefined) throw new ImageError('NOT_FOUND', `there is no ${digest}`)
      return found
    },
    blob,
    image: (text, layers = [blob(`layer of ${text}`)]) =>
      keep({ config: blob(`config of ${text}`, OCI_CONFIG), layers }, OCI_MANIFEST),
    index: (manifests, more = {}) => keep({ manifests, ...more }, OCI_INDEX),
  }
}

/** Indexes that all list the same two indexes below them; at the end are images. */
export function lattice(graph: Graph, depth: number): Descriptor {
  let below = [graph.image('one'), graph.image('other')]
  for (let level = 1; level < depth; level += 1) below = [graph.index(below), graph.index(below.toReversed())]
  return graph.index(below)
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const collected: Item[] = []
  for await (const item of items) collected.push(item)
  return collected
}
