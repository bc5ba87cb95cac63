import { readFile } from 'node:fs/promises'
import { blobPath, type Descriptor, type ImageGraph, type ImageSource } from './image-source.ts'
import { demandOfRegistry, type RegistryAddress } from './registry-client.ts'

/** Where an image goes. */
interface Target {
  readonly address: RegistryAddress
  readonly repository: string
  /** The layout with the blobs. */
  readonly folder: string
}

const MORE_TAGS = 199

/** All tags of an image that was filled in. */
export const TAGS: readonly string[] = ['latest', ...Array.from({ length: MORE_TAGS }, (_, number) => `v1.${number}`)]

/** Pushes an image without any of the tools, under all tags. */
export async function fillRegistry(address: RegistryAddress, repository: string, image: ImageSource): Promise<void> {
  const target = { address, repository, folder: image.folder }
  await pushGraph(target, image.graph)
  for (const tag of TAGS) await putManifest(target, image.graph.descriptor, tag)
}

async function pushGraph(target: Target, { descriptor, children, blobs }: ImageGraph): Promise<void> {
  for (const child of children) await pushGraph(target, child)
  for (const blob of blobs) await pushBlob(target, blob)
  await putManifest(target, descriptor, descriptor.digest)
}

async function putManifest({ address, repository, folder }: Target, manifest: Descriptor, name: string): Promise<void> {
  const body = await readFile(blobPath(folder, manifest))
  const headers = { 'content-type': manifest.mediaType }
  await demandOfRegistry(address, { method: 'PUT', path: `/v2/${repository}/manifests/${name}`, headers, body })
}

async function pushBlob({ address, repository, folder }: Target, blob: Descriptor): Promise<void> {
  const path = `/v2/${repository}/blobs/uploads/`
  const opened = await demandOfRegistry(address, { method: 'POST', path, body: Buffer.alloc(0) })
  const target = new URL(opened.headers.location ?? '', 'http://127.0.0.1')
  target.searchParams.set('digest', blob.digest)
  await demandOfRegistry(address, {
    method: 'PUT',
    path: target.pathname + target.search,
    headers: { 'content-type': 'application/octet-stream' },
    body: { file: blobPath(folder, blob), size: blob.size },
  })
}
