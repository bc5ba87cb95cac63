import type { Digest, ImageReference, ManifestBytes } from '@crossdock/core'
import { type ImageManifest, parseManifest } from '@crossdock/formats'
import { sha256 } from './archives.ts'

/** An image, all of its blobs read. */
export interface ReadImage {
  readonly manifest: ManifestBytes
  readonly parsed: ImageManifest
  readonly config: Buffer
  readonly layers: readonly Buffer[]
  /** What the config says its layers are. */
  readonly diffIds: readonly string[]
  readonly rangeReads: boolean | undefined
}

/** Reads everything, and fails if a blob has not the digest or size that the manifest gives it. */
export async function readImage(reference: ImageReference, instance?: Digest): Promise<ReadImage> {
  await using source = await reference.openSource!()
  const manifest = await source.getManifest(instance)
  const parsed = parseManifest(manifest)
  if (parsed.kind !== 'image') throw new Error('this is an index')
  const read: Buffer[] = []
  for (const descriptor of [parsed.config, ...parsed.layers]) {
    const bytes = await bytesOf(await source.getBlob(descriptor))
    if (sha256(bytes) !== descriptor.digest || bytes.byteLength !== descriptor.size) {
      throw new Error(`${descriptor.digest} is ${sha256(bytes)} of ${bytes.byteLength} bytes`)
    }
    read.push(bytes)
  }
  const [config, ...layers] = read
  const { rootfs } = JSON.parse(config!.toString()) as { rootfs: { diff_ids: string[] } }
  return { manifest, parsed, config: config!, layers, diffIds: rootfs.diff_ids, rangeReads: source.traits.rangeReads }
}

export async function bytesOf(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export async function collect<Item>(items: AsyncIterable<Item> | undefined): Promise<Item[]> {
  const collected: Item[] = []
  for await (const item of items ?? []) collected.push(item)
  return collected
}
