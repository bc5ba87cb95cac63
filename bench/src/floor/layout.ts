import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Descriptor, type Document, documentsOf, type Graph, readGraph } from './documents.ts'

export function blobPath(folder: string, digest: string): string {
  return join(folder, 'blobs', 'sha256', digest.slice('sha256:'.length))
}

/** The one image of a layout. */
export function rootOf(folder: string): Descriptor {
  const { manifests = [] } = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as Document
  const [root] = manifests
  if (root === undefined) throw new Error(`${folder} has no image`)
  return root
}

export function readLayoutGraph(folder: string): Promise<Graph> {
  const root = rootOf(folder)
  return readGraph(root.digest, async (digest) => {
    const bytes = readFileSync(blobPath(folder, digest))
    const { mediaType = root.mediaType } = JSON.parse(bytes.toString()) as { mediaType?: string }
    return { bytes, mediaType }
  })
}

/** Makes room for an image. */
export function createLayout(folder: string): void {
  mkdirSync(join(folder, 'blobs', 'sha256'), { recursive: true })
}

/** Writes the documents of an image whose blobs are there. */
export function writeLayout(folder: string, graph: Graph): void {
  for (const { digest, bytes } of documentsOf(graph)) writeFileSync(blobPath(folder, digest), bytes)
  const { digest, mediaType, bytes } = graph
  const manifests = [{ mediaType, digest, size: bytes.byteLength }]
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }))
}
