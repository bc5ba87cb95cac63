import { createHash } from 'node:crypto'

export interface Descriptor {
  readonly digest: string
  readonly size: number
  readonly mediaType: string
}

/** A manifest or an index. */
export interface Document {
  readonly manifests?: readonly (Descriptor & { readonly platform?: { readonly architecture: string } })[]
  readonly config?: Descriptor
  readonly layers?: readonly Descriptor[]
}

/** A document with its bytes, and everything below it. */
export interface Graph {
  readonly digest: string
  readonly mediaType: string
  readonly bytes: Buffer
  readonly children: readonly Graph[]
  readonly blobs: readonly Descriptor[]
}

/** Reads a document and all below it; `read` gives the document of a name or a digest. */
export async function readGraph(
  name: string,
  read: (name: string) => Promise<{ readonly bytes: Buffer; readonly mediaType: string }>,
): Promise<Graph> {
  const { bytes, mediaType } = await read(name)
  const { manifests = [], config, layers = [] } = JSON.parse(bytes.toString()) as Document
  const children = await Promise.all(manifests.map((child) => readGraph(child.digest, read)))
  return {
    digest: digestOf(bytes),
    mediaType,
    bytes,
    children,
    blobs: config === undefined ? layers : [config, ...layers],
  }
}

/** Every blob once, largest first. */
export function blobsOf(graph: Graph): readonly Descriptor[] {
  const found = new Map<string, Descriptor>()
  const visit = ({ children, blobs }: Graph): void => {
    for (const blob of blobs) found.set(blob.digest, blob)
    for (const child of children) visit(child)
  }
  visit(graph)
  return [...found.values()].toSorted((a, b) => b.size - a.size)
}

/** Every document once, those below before those above; the last one is the root. */
export function documentsOf(graph: Graph): readonly Graph[] {
  const found = new Map<string, Graph>()
  const visit = (document: Graph): void => {
    for (const child of document.children) visit(child)
    found.set(document.digest, document)
  }
  visit(graph)
  return [...found.values()]
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
