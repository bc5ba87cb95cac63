import type { Descriptor } from '@crossdock/core'
import { createLimiter } from '@crossdock/streams'
import type { PooledFile } from './file-pool.ts'
import type { LayoutWriter, WrittenLayer } from './layout-writer.ts'
import { IMAGE_TIME } from './tar-files.ts'

/** A recipe whose files have been chosen. */
export interface ImageContent {
  readonly platforms: readonly PlatformContent[]
  readonly attested: boolean
}

export interface PlatformContent {
  readonly architecture: string
  readonly variant?: string | undefined
  readonly layers: readonly LayerContent[]
}

/** The same object stands for the same layer. */
export interface LayerContent {
  readonly name: string
  readonly files: readonly PooledFile[]
  readonly level: number
  readonly encrypted: boolean
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const INDEX = 'application/vnd.oci.image.index.v1+json'
const CONFIG = 'application/vnd.oci.image.config.v1+json'
const EMPTY = 'application/vnd.oci.empty.v1+json'
const IN_TOTO = 'application/vnd.in-toto+json'
const SPDX = 'application/spdx+json'
const CREATED = IMAGE_TIME.toISOString()

/** Packing runs in threads: as many layers at once as there are threads for it. */
const LAYERS_AT_ONCE = 4

/** Writes the image and returns the descriptor of what the tag names. */
export async function writeImage(
  writer: LayoutWriter,
  { platforms, attested }: ImageContent,
  signal?: AbortSignal,
): Promise<Descriptor> {
  const layers = await writeLayers(writer, platforms, signal)
  const images: Descriptor[] = []
  for (const platform of platforms) {
    const { architecture, variant } = platform
    const image = await writePlatform(writer, platform, layers)
    images.push({ ...image, platform: { architecture, os: 'linux', ...(variant !== undefined && { variant }) } })
  }
  const attestations: Descriptor[] = []
  if (attested) for (const image of images) attestations.push(await writeAttestation(writer, image))
  const [only] = images
  const single = images.length === 1 ? only : undefined
  const { platform: _, ...named } =
    single ??
    (await writer.addDocument(INDEX, { schemaVersion: 2, mediaType: INDEX, manifests: [...images, ...attestations] }))
  const root: Descriptor = { ...named, annotations: { 'org.opencontainers.image.ref.name': 'latest' } }
  await writer.finish(attested ? [root, await writeSbom(writer, named)] : [root])
  return named
}

async function writeLayers(
  writer: LayoutWriter,
  platforms: readonly PlatformContent[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<LayerContent, WrittenLayer>> {
  const distinct = [...new Set(platforms.flatMap(({ layers }) => layers))]
  const limiter = createLimiter(LAYERS_AT_ONCE)
  const written = await Promise.all(distinct.map((layer) => limiter.run(() => writer.addLayer(layer, signal))))
  return new Map(distinct.flatMap((layer, at) => (written[at] === undefined ? [] : [[layer, written[at]] as const])))
}

async function writePlatform(
  writer: LayoutWriter,
  { architecture, variant, layers }: PlatformContent,
  known: ReadonlyMap<LayerContent, WrittenLayer>,
): Promise<Descriptor> {
  const written = layers.map((layer) => known.get(layer)).filter((layer) => layer !== undefined)
  const config = await writer.addDocument(CONFIG, {
    created: CREATED,
    architecture,
    os: 'linux',
    ...(variant !== undefined && { variant }),
    config: { Env: ['PATH=/usr/local/bin:/usr/bin:/bin'], Cmd: ['/usr/local/bin/node'], WorkingDir: '/srv/app' },
    rootfs: { type: 'layers', diff_ids: written.map(({ diffId }) => diffId) },
    history: layers.map(({ name }) => ({ created: CREATED, created_by: `add ${name}` })),
  })
  const descriptors = written.map(({ descriptor }) => descriptor)
  return writer.addDocument(MANIFEST, { schemaVersion: 2, mediaType: MANIFEST, config, layers: descriptors })
}

/** As BuildKit attaches provenance and an SBOM to an image: a manifest of an unknown platform in the same index. */
async function writeAttestation(writer: LayoutWriter, image: Descriptor): Promise<Descriptor> {
  const subject = [{ name: 'pkg:docker/demo@latest', digest: { sha256: image.digest.slice('sha256:'.length) } }]
  const statement = async (predicateType: string, predicate: unknown): Promise<Descriptor> => {
    const document = { _type: 'https://in-toto.io/Statement/v0.1', predicateType, subject, predicate }
    const blob = await writer.addDocument(IN_TOTO, document)
    return { ...blob, annotations: { 'in-toto.io/predicate-type': predicateType } }
  }
  const layers = [
    await statement('https://spdx.dev/Document', spdxDocument('image')),
    await statement('https://slsa.dev/provenance/v0.2', { builder: { id: '' }, metadata: { reproducible: true } }),
  ]
  const config = await writer.addDocument(CONFIG, {
    architecture: 'unknown',
    os: 'unknown',
    config: {},
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
  })
  const manifest = await writer.addDocument(MANIFEST, { schemaVersion: 2, mediaType: MANIFEST, config, layers })
  return {
    ...manifest,
    annotations: {
      'vnd.docker.reference.digest': image.digest,
      'vnd.docker.reference.type': 'attestation-manifest',
    },
    platform: { architecture: 'unknown', os: 'unknown' },
  }
}

/** An artifact that refers to the image (image-spec, manifest.md, "Guidelines for Artifact Usage"). */
async function writeSbom(writer: LayoutWriter, subject: Descriptor): Promise<Descriptor> {
  const document = await writer.addDocument(SPDX, spdxDocument('index'))
  const empty = await writer.addDocument(EMPTY, {})
  const manifest = await writer.addDocument(MANIFEST, {
    schemaVersion: 2,
    mediaType: MANIFEST,
    artifactType: SPDX,
    config: empty,
    layers: [document],
    subject,
    annotations: { 'org.opencontainers.image.created': CREATED },
  })
  return { ...manifest, artifactType: SPDX }
}

function spdxDocument(name: string): unknown {
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    documentNamespace: `https://example.com/sbom/${name}`,
    creationInfo: { created: CREATED, creators: ['Tool: test-images'] },
    packages: [{ SPDXID: 'SPDXRef-Package-node', name: 'node', downloadLocation: 'NOASSERTION' }],
  }
}
