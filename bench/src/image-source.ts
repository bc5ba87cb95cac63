import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BuiltImage, ImageShape } from '@crossdock/test-images'

/** An image to copy from, as an OCI layout that names nothing else. */
export interface ImageSource {
  readonly shape: ImageShape
  readonly folder: string
  readonly digest: BuiltImage['digest']
  /** The document that the tag names, and all below it. */
  readonly graph: ImageGraph
}

export interface Descriptor {
  readonly digest: string
  readonly size: number
  readonly mediaType: string
}

export interface ImageGraph {
  readonly descriptor: Descriptor
  readonly children: readonly ImageGraph[]
  readonly blobs: readonly Descriptor[]
}

interface Document {
  readonly manifests?: readonly Descriptor[]
  readonly config?: Descriptor
  readonly layers?: readonly Descriptor[]
}

/**
 * A layout beside the image's own, with the same blobs. What refers to an image is left out: some tools push a folder only if it
 * names one image.
 */
export async function prepareSource({ shape, folder, digest }: BuiltImage, target: string): Promise<ImageSource> {
  await mkdir(target, { recursive: true })
  await symlink(join(folder, 'blobs'), join(target, 'blobs'))
  await copyFile(join(folder, 'oci-layout'), join(target, 'oci-layout'))
  const index = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')) as Document
  const root = index.manifests?.find((entry) => entry.digest === digest)
  if (root === undefined) throw new Error(`${folder} does not name ${digest}`)
  await writeFile(join(target, 'index.json'), JSON.stringify({ ...index, manifests: [root] }))
  return { shape, folder: target, digest, graph: await readGraph(target, root) }
}

async function readGraph(folder: string, descriptor: Descriptor): Promise<ImageGraph> {
  const document = JSON.parse(await readFile(blobPath(folder, descriptor), 'utf8')) as Document
  const { manifests = [], config, layers = [] } = document
  const children = await Promise.all(manifests.map((child) => readGraph(folder, child)))
  return { descriptor, children, blobs: config === undefined ? layers : [config, ...layers] }
}

export function blobPath(folder: string, { digest }: Descriptor): string {
  return join(folder, 'blobs', 'sha256', digest.slice('sha256:'.length))
}
