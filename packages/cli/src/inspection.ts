import {
  type Descriptor,
  imageName,
  ImageError,
  type ImageReference,
  type ImageSource,
  type ManifestBytes,
  type OperationOptions,
  quoteForeign,
  repositoryName,
  unparsedImage,
} from '@crossdock/core'
import {
  chooseInstance,
  formatPlatform,
  hostPlatform,
  type Image,
  type ImageConfig,
  type ImageIndex,
  imageOf,
  type ImageManifest,
  type ImageStep,
  inspectManifest,
  inspectSchema1,
  ofImage,
  parseImageConfig,
  parsePlatform,
  readDocument,
} from '@crossdock/formats'
import type { ImageSizes } from './image-sizes.ts'
import { escapeHidden } from './output/json.ts'

/** What `inspect` prints. Where the meaning is the same the keys are those that scripts know from other tools. */
export interface ImageDescription {
  readonly Name: string
  readonly Tag?: string | undefined
  /** Of what the name stands for: the index, if it is one. */
  readonly Digest: string
  readonly MediaType: string
  readonly ArtifactType?: string | undefined
  /** Of an index: what it has, and the instance that is shown. */
  readonly Platforms?: readonly string[] | undefined
  readonly Platform?: string | undefined
  readonly Instance?: string | undefined
  readonly RepoTags?: readonly string[] | undefined
  readonly Created?: string | undefined
  readonly Author?: string | undefined
  readonly Architecture?: string | undefined
  readonly Os?: string | undefined
  readonly Variant?: string | undefined
  /** Bytes of the configuration and the layers, as they are stored; Docker schema 1 does not say. */
  readonly Size?: number | undefined
  /** Bytes of the layers' tars. With `--sizes`, as all that follows. */
  readonly UnpackedSize?: number | undefined
  /** Of an index: bytes of all platforms together, what they share counted once. */
  readonly TotalSize?: number | undefined
  /** Of an index: what each platform takes, and how much of that others have as well. */
  readonly Instances?: readonly {
    readonly Platform?: string | undefined
    readonly Digest: string
    readonly Size: number
    readonly SharedSize: number
  }[]
  readonly Layers: readonly string[]
  readonly LayersData: readonly {
    /** Empty for Docker schema 1, whose layers have none; nor does it know their sizes. */
    readonly MIMEType: string
    readonly Digest: string
    readonly Size?: number | undefined
    readonly UnpackedSize?: number | undefined
    /** Of the unpacked layer, and what made it, as the configuration says. */
    readonly DiffID?: string | undefined
    readonly CreatedBy?: string | undefined
    readonly Annotations?: Readonly<Record<string, string>> | undefined
  }[]
  readonly Env?: readonly string[] | undefined
  readonly Entrypoint?: readonly string[] | undefined
  readonly Cmd?: readonly string[] | undefined
  readonly Labels?: Readonly<Record<string, string>> | undefined
  readonly Annotations?: Readonly<Record<string, string>> | undefined
}

/** The description with what was found out besides. */
function withSizes(description: ImageDescription, { unpacked, index }: ImageSizes): ImageDescription {
  return {
    ...description,
    UnpackedSize: unpacked.reduce((total, size) => total + size, 0),
    ...(index !== undefined && {
      TotalSize: index.total,
      Instances: index.instances.map(({ platform, digest, size, shared }) => ({
        Platform: platform,
        Digest: digest,
        Size: size,
        SharedSize: shared,
      })),
    }),
    LayersData: description.LayersData.map((layer, place) => ({ ...layer, UnpackedSize: unpacked[place] })),
  }
}

export type Inspected =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'description'; readonly description: ImageDescription }

export interface InspectSettings {
  /** `os/arch[/variant]`. Default: linux on this machine's CPU. */
  readonly platform: string | undefined
  /** `config-bytes`: the configuration as it is, whatever it holds; `config`: an image's only if it can be read. */
  readonly wanted: 'manifest' | 'config' | 'config-bytes' | 'description'
  /** Finds out sizes that no document says; what it finds is part of the description. Default: nothing. */
  readonly measure?: ((source: ImageSource) => Promise<ImageSizes>) | undefined
  readonly operation: OperationOptions
}

/** Throws `NOT_FOUND` if there is no such image, or no instance for the platform. */
export async function inspectImage(image: ImageReference, settings: InspectSettings): Promise<Inspected> {
  const source = await image.openSource?.(settings.operation)
  if (source === undefined) {
    throw new ImageError('UNSUPPORTED', `images cannot be read from ${imageName(image)}: it is only written to`)
  }
  try {
    return await inspectSource(source, settings)
  } finally {
    await source[Symbol.asyncDispose]()
  }
}

async function inspectSource(source: ImageSource, settings: InspectSettings): Promise<Inspected> {
  const { operation, platform, wanted } = settings
  const unparsed = unparsedImage(source)
  // What is printed byte for byte is verified, and shown whatever it says.
  const top = await unparsed.manifest(operation)
  if (wanted === 'manifest' && platform === undefined) return { kind: 'bytes', bytes: top.bytes }
  const document = await readDocument(unparsed, operation)
  const wantedPlatform = platform === undefined ? hostPlatform() : parsePlatform(platform)
  const image = imageOf(await chooseInstance(source, document, { ...operation, platform: wantedPlatform }), source)
  if (wanted === 'manifest') return { kind: 'bytes', bytes: image.bytes.bytes }
  if (wanted === 'config-bytes') return { kind: 'bytes', bytes: await image.configBytes(operation) }
  if (wanted === 'config') return { kind: 'bytes', bytes: await shownConfig(image, source.reference, operation) }
  const index = document.parsed.kind === 'index' ? document.parsed : undefined
  const config = image.isArtifact ? undefined : await image.config(operation)
  const description = describe(source.reference, { top: document.manifest, index, image, config })
  const sizes = await settings.measure?.(source)
  return { kind: 'description', description: sizes === undefined ? description : withSizes(description, sizes) }
}

/** An image's configuration is checked, and what a terminal would obey is escaped; that of an artifact may be anything. */
async function shownConfig(image: Image, reference: ImageReference, operation: OperationOptions): Promise<Uint8Array> {
  const bytes = await image.configBytes(operation)
  if (image.isArtifact) return bytes
  ofImage(reference, () => parseImageConfig(bytes))
  return Buffer.from(escapeHidden(Buffer.from(bytes).toString('utf8')))
}

interface Findings {
  readonly top: ManifestBytes
  /** What the name stands for, if that is an index. */
  readonly index: ImageIndex | undefined
  readonly image: Image
  /** Undefined for an artifact. */
  readonly config: ImageConfig | undefined
}

function describe(reference: ImageReference, { top, index, image, config }: Findings): ImageDescription {
  const { manifest } = image
  const docker = reference.dockerReference
  const made = stepsOfLayers(manifest, config)
  const layers: readonly LayerFacts[] = manifest.layers
  return {
    Name: docker === undefined ? imageName(reference) : repositoryName(docker),
    Tag: docker?.tag,
    Digest: top.digest,
    MediaType: top.mediaType,
    ArtifactType: manifest.kind === 'image' ? manifest.artifactType : undefined,
    Platforms: index === undefined ? undefined : platformsOf(index),
    Instance: index === undefined ? undefined : image.bytes.digest,
    Size: manifest.kind === 'image' ? sizeOf(manifest) : undefined,
    Layers: layers.map(({ digest }) => digest),
    LayersData: layers.map(({ mediaType = '', digest, size, annotations }, position) => ({
      MIMEType: quoteForeign(mediaType, 200),
      Digest: digest,
      Size: size,
      DiffID: made[position]?.diffId,
      CreatedBy: made[position]?.history?.createdBy,
      Annotations: annotations,
    })),
    ...describeConfig(config),
    Annotations: manifest.kind === 'image' ? manifest.annotations : undefined,
  }
}

type LayerFacts = Pick<Descriptor, 'digest'> & Partial<Descriptor>

/** One for each layer, in Docker schema 1 also for those of steps without files. */
function stepsOfLayers(manifest: Image['manifest'], config: ImageConfig | undefined): readonly ImageStep[] {
  if (manifest.kind === 'schema1') return inspectSchema1(manifest).steps
  if (config === undefined) return []
  return inspectManifest(manifest, config).steps.filter(({ layer }) => layer !== undefined)
}

function sizeOf({ config, layers }: ImageManifest): number {
  return layers.reduce((total, { size }) => total + size, config.size)
}

function describeConfig(config: ImageConfig | undefined): Partial<ImageDescription> {
  if (config === undefined) return {}
  const { architecture, os, variant, created, author, config: run } = config
  return {
    Platform: formatPlatform(config),
    Created: created,
    Author: author,
    Architecture: architecture,
    Os: os,
    Variant: variant,
    Env: run?.Env,
    Entrypoint: run?.Entrypoint,
    Cmd: run?.Cmd,
    Labels: run?.Labels,
  }
}

function platformsOf({ manifests }: ImageIndex): readonly string[] {
  return manifests.flatMap(({ platform }) =>
    platform === undefined || platform.os === 'unknown' ? [] : [formatPlatform(platform)],
  )
}
