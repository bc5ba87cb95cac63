import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RegistryServer } from '@crossdock/registry-server'

export const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
export const INDEX = 'application/vnd.oci.image.index.v1+json'
export const CONFIG = 'application/vnd.oci.image.config.v1+json'
export const LAYER = 'application/vnd.oci.image.layer.v1.tar'
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'

/** The name that the one image of a draft has. */
export const NAME = 'draft'

/** Bytes, text, or a value to be written as JSON. */
export type Content = Uint8Array | string | object

export interface DraftDescriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

/** A small image whose parts can be put together wrongly. */
export interface DraftImage {
  /** Content by digest, with the type that a registry serves it under. */
  readonly contents: Map<string, { readonly bytes: Buffer; readonly mediaType: string }>
  readonly config: DraftDescriptor
  readonly layers: readonly [DraftDescriptor, DraftDescriptor]
  /** Keeps content; what a document says of it. */
  keep(content: Content, mediaType: string, algorithm?: 'sha256' | 'sha512'): DraftDescriptor
  /** The image's manifest with some fields changed; undefined leaves a field out. */
  manifest(changes?: object): object
}

/** What a name stands for, and the files around it where they are not as they should be. */
export interface Draft {
  readonly image: DraftImage
  /** The document behind the name. Default: the image's manifest. */
  readonly top?: Content | undefined
  /** What it is said to be. Default: an OCI image manifest. */
  readonly mediaType?: string | undefined
  /** What the entry in index.json says otherwise. Default: nothing. */
  readonly entry?: object | undefined
  /** The whole of index.json. Default: the one entry. */
  readonly index?: Content | undefined
  /** The whole of oci-layout, null for none. Default: version 1.0.0. */
  readonly marker?: Content | null | undefined
}

/** A number that is written with exactly these characters. */
export function written(number: string): string {
  return `@written(${number})`
}

export function encode(content: Content): Buffer {
  if (content instanceof Uint8Array) return Buffer.from(content)
  if (typeof content === 'string') return Buffer.from(content)
  return Buffer.from(JSON.stringify(content).replaceAll(/"@written\(([^)"]*)\)"/g, '$1'))
}

export function digestOf(bytes: Uint8Array, algorithm: 'sha256' | 'sha512' = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`
}

export function draftImage(config?: Content): DraftImage {
  const contents = new Map<string, { readonly bytes: Buffer; readonly mediaType: string }>()
  const keep: DraftImage['keep'] = (content, mediaType, algorithm) => {
    const bytes = encode(content)
    const digest = digestOf(bytes, algorithm)
    contents.set(digest, { bytes, mediaType })
    return { mediaType, digest, size: bytes.byteLength }
  }
  const layers = [keep('the first layer'.repeat(200), LAYER), keep('the second layer'.repeat(300), LAYER)] as const
  const diffIds = layers.map(({ digest }) => digest)
  const configured = keep(
    config ?? { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: diffIds } },
    CONFIG,
  )
  return {
    contents,
    config: configured,
    layers,
    keep,
    manifest: (changes) => ({ schemaVersion: 2, mediaType: MANIFEST, config: configured, layers, ...changes }),
  }
}

/** The entry of index.json; the top document is kept. */
export function entryOf({ image, top = image.manifest(), mediaType = MANIFEST, entry }: Draft): object {
  const annotations = { 'org.opencontainers.image.ref.name': NAME }
  return { ...image.keep(top, mediaType), annotations, ...entry }
}

/** Writes the draft as a layout; the image name by which it is read. */
export async function writeDraft(folder: string, draft: Draft): Promise<string> {
  const { image, index = { schemaVersion: 2, manifests: [entryOf(draft)] } } = draft
  const { marker = { imageLayoutVersion: '1.0.0' } } = draft
  for (const algorithm of ['sha256', 'sha512']) await mkdir(join(folder, 'blobs', algorithm), { recursive: true })
  for (const [digest, { bytes }] of image.contents) await writeFile(blobFile(folder, digest), bytes)
  await writeFile(join(folder, 'index.json'), encode(index))
  if (marker !== null) await writeFile(join(folder, 'oci-layout'), encode(marker))
  return `oci:${folder}:${NAME}`
}

/** Where a layout has a blob. */
export function blobFile(folder: string, digest: string): string {
  return join(folder, 'blobs', ...digest.split(':'))
}

/** Makes a registry serve the draft as it is, whatever a registry would refuse; the image name by which it is read. */
export function serveDraft(server: RegistryServer, repository: string, draft: Draft): string {
  const { image, mediaType = MANIFEST } = draft
  const top = image.keep(draft.top ?? image.manifest(), mediaType)
  const serve = (match: { readonly tag?: string; readonly digest?: string }, digest: string): void => {
    const { bytes, mediaType: type } = image.contents.get(digest) ?? { bytes: Buffer.of(), mediaType: '' }
    server.faults.add({
      match: { method: 'GET', route: ['manifest', 'blob'], repository, ...match },
      action: { kind: 'respond', status: 200, headers: { 'content-type': type }, body: bytes },
    })
  }
  serve({ tag: NAME }, top.digest)
  for (const digest of image.contents.keys()) serve({ digest }, digest)
  return `docker://${server.host}/${repository}:${NAME}`
}
