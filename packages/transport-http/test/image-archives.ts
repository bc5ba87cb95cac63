import { writeTar } from '@crossdock/archive'
import { type Descriptor, digestOf, type ImageSource, type ManifestBytes } from '@crossdock/core'
import { formatReferrers, referrerOf, referrersTag } from '@crossdock/formats'
import { readBytes, verifyBlob } from '@crossdock/streams'
import type { TestImage } from '@crossdock/transport-testkit'

export interface TarFile {
  readonly path: string
  readonly content: Uint8Array | string
}

/** A tar archive of these files. */
export async function tarOf(files: readonly TarFile[]): Promise<Uint8Array> {
  const members = files.map(({ path, content }) => {
    const bytes = Buffer.from(content)
    return { path, size: bytes.byteLength, content: bytes }
  })
  return await readBytes(writeTar(members), { limitBytes: 2 ** 30, what: 'the archive' })
}

/** The image in an OCI layout, under a name, with what refers to it. */
export async function ociArchive({ root, manifests, blobs }: TestImage, name?: string): Promise<Uint8Array> {
  const referrers = manifests.map(referrerOf).filter((referrer) => referrer !== undefined)
  const lists = [...Map.groupBy(referrers, ({ subject }) => subject)].map(([subject, group]) => {
    const bytes = formatReferrers(group.map(({ descriptor }) => descriptor))
    const mediaType = 'application/vnd.oci.image.index.v1+json'
    return { tag: referrersTag(subject), manifest: { bytes, mediaType, digest: digestOf(bytes) } }
  })
  const entries = [entry(root, name), ...lists.map(({ tag, manifest }) => entry(manifest, tag))]
  return await tarOf([
    { path: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
    { path: 'index.json', content: JSON.stringify({ schemaVersion: 2, manifests: entries }) },
    ...[...manifests, ...lists.map(({ manifest }) => manifest)].map(({ digest, bytes }) => ({
      path: blobPath(digest),
      content: bytes,
    })),
    ...blobs.map(({ descriptor, bytes }) => ({ path: blobPath(descriptor.digest), content: bytes })),
  ])
}

/** The image as Docker saves it: its layers have to be plain. */
export async function dockerArchive({ blobs }: TestImage, names: readonly string[]): Promise<Uint8Array> {
  const [config, ...layers] = blobs
  if (config === undefined) throw new Error('an image has a config')
  const Layers = layers.map((_, index) => `layer-${index}.tar`)
  return await tarOf([
    { path: 'config.json', content: config.bytes },
    ...layers.map(({ bytes }, index) => ({ path: `layer-${index}.tar`, content: bytes })),
    { path: 'manifest.json', content: JSON.stringify([{ Config: 'config.json', RepoTags: names, Layers }]) },
  ])
}

/** Reads all blobs of the image that a source has, and verifies them. */
export async function readImage(source: ImageSource): Promise<ManifestBytes> {
  const manifest = await source.getManifest()
  const { config, layers } = JSON.parse(new TextDecoder().decode(manifest.bytes))
  for (const blob of [config, ...layers]) {
    await using reader = await source.getBlob(blob)
    for await (const _ of verifyBlob(reader, blob));
  }
  return manifest
}

function entry({ mediaType, digest, bytes }: ManifestBytes, name: string | undefined): Descriptor {
  const annotations = name === undefined ? undefined : { 'org.opencontainers.image.ref.name': name }
  return { mediaType, digest, size: bytes.byteLength, ...(annotations !== undefined && { annotations }) }
}

function blobPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`
}
