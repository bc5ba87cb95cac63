import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BuiltImage } from '@crossdock/test-images'
import { repositoryOf } from './scenarios.ts'

interface Descriptor {
  readonly digest: string
  readonly size: number
  readonly mediaType: string
}

interface Document {
  readonly manifests?: readonly Descriptor[]
  readonly config?: Descriptor
  readonly layers?: readonly Descriptor[]
}

const MORE_TAGS = 199

/** Pushes the images to a registry on this machine without any of the tools; the first one gets 200 tags. */
export async function fillSource(port: number, images: readonly BuiltImage[]): Promise<void> {
  for (const [at, { shape, folder, digest }] of images.entries()) {
    const api = `http://127.0.0.1:${port}/v2/${repositoryOf(shape)}`
    const layout = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')) as Document
    const root = layout.manifests?.find((entry) => entry.digest === digest)
    if (root === undefined) throw new Error(`${folder} does not name ${digest}`)
    await pushManifest(api, folder, { descriptor: root, name: 'latest' })
    const tags = at === 0 ? Array.from({ length: MORE_TAGS }, (_, number) => `v1.${number}`) : []
    for (const name of tags) await putManifest(api, folder, { descriptor: root, name })
  }
}

interface NamedManifest {
  readonly descriptor: Descriptor
  readonly name: string
}

async function pushManifest(api: string, folder: string, manifest: NamedManifest): Promise<void> {
  const document = JSON.parse(await readFile(blobPath(folder, manifest.descriptor), 'utf8')) as Document
  for (const child of document.manifests ?? []) {
    await pushManifest(api, folder, { descriptor: child, name: child.digest })
  }
  for (const blob of [document.config ?? [], document.layers ?? []].flat()) await pushBlob(api, folder, blob)
  await putManifest(api, folder, manifest)
}

async function putManifest(api: string, folder: string, { descriptor, name }: NamedManifest): Promise<void> {
  const body = await readFile(blobPath(folder, descriptor))
  await send(`${api}/manifests/${name}`, { method: 'PUT', headers: { 'content-type': descriptor.mediaType }, body })
}

async function pushBlob(api: string, folder: string, blob: Descriptor): Promise<void> {
  const opened = await send(`${api}/blobs/uploads/`, { method: 'POST' })
  const target = new URL(opened.headers.get('location') ?? '', api)
  target.searchParams.set('digest', blob.digest)
  const headers = { 'content-type': 'application/octet-stream', 'content-length': String(blob.size) }
  // A stream as body needs `duplex`, which the types of fetch do not have.
  const init = { method: 'PUT', headers, body: createReadStream(blobPath(folder, blob)), duplex: 'half' }
  await send(target.href, init as unknown as RequestInit)
}

async function send(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init)
  if (!response.ok)
    throw new Error(`${init.method} ${url}: ${response.status} ${(await response.text()).slice(0, 300)}`)
  await response.arrayBuffer()
  return response
}

function blobPath(folder: string, { digest }: Descriptor): string {
  return join(folder, 'blobs', 'sha256', digest.slice('sha256:'.length))
}
