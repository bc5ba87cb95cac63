import {
  imageName,
  ImageError,
  type ImageReference,
  type ImageSource,
  type ManifestBytes,
  type OperationOptions,
  quoteForeign,
  repositoryName,
  unparsedImage,
  type UnparsedImage,
} from '@crossdock/core'
import {
  formatPlatform,
  hostPlatform,
  type Image,
  type ImageConfig,
  type ImageIndex,
  isConfigType,
  loadImage,
  parseManifest,
  parsePlatform,
  selectInstance,
} from '@crossdock/formats'

/** Indexes in indexes deeper than this are refused. */
const MAX_DEPTH = 8

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
  /** Bytes of the configuration and the layers, as they are stored. */
  readonly Size: number
  readonly Layers: readonly string[]
  readonly LayersData: readonly {
    readonly MIMEType: string
    readonly Digest: string
    readonly Size: number
    readonly Annotations?: Readonly<Record<string, string>> | undefined
  }[]
  readonly Env?: readonly string[] | undefined
  readonly Entrypoint?: readonly string[] | undefined
  readonly Cmd?: readonly string[] | undefined
  readonly Labels?: Readonly<Record<string, string>> | undefined
  readonly Annotations?: Readonly<Record<string, string>> | undefined
}

export type Inspected =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'description'; readonly description: ImageDescription }

export interface InspectSettings {
  /** `os/arch[/variant]`. Default: linux on this machine's CPU. */
  readonly platform: string | undefined
  readonly wanted: 'manifest' | 'config' | 'description'
  readonly operation: OperationOptions
}

/** Throws `NOT_FOUND` if there is no such image, or no instance for the platform. */
export async function inspectImage(image: ImageReference, settings: InspectSettings): Promise<Inspected> {
  const source = await image.openSource?.(settings.operation)
  if (source === undefined) {
    throw new ImageError('UNSUPPORTED', `images cannot be read from ${imageName(image)}: its transport only writes`)
  }
  try {
    return await inspectSource(source, settings)
  } finally {
    await source[Symbol.asyncDispose]()
  }
}

async function inspectSource(source: ImageSource, settings: InspectSettings): Promise<Inspected> {
  const { operation, wanted } = settings
  const unparsed = unparsedImage(source)
  const top = await unparsed.manifest(operation)
  if (wanted === 'manifest' && settings.platform === undefined) return { kind: 'bytes', bytes: top.bytes }
  const { index, image } = await choose(source, unparsed, settings)
  if (wanted === 'manifest') return { kind: 'bytes', bytes: image.bytes.bytes }
  if (wanted === 'config') return { kind: 'bytes', bytes: await image.configBytes(operation) }
  const config = isConfigType(image.manifest.config.mediaType) ? await image.config(operation) : undefined
  return { kind: 'description', description: describe(source.reference, { top, index, image, config }) }
}

interface Chosen {
  /** What the name stands for, if that is an index. */
  readonly index: ImageIndex | undefined
  readonly image: Image
}

/** The image itself, or the one for the platform, through indexes in indexes. */
async function choose(
  source: ImageSource,
  top: UnparsedImage,
  { platform, operation }: InspectSettings,
): Promise<Chosen> {
  const wanted = platform === undefined ? hostPlatform() : parsePlatform(platform)
  let unparsed = top
  let index: ImageIndex | undefined
  for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
    const parsed = parseManifest(await unparsed.manifest(operation))
    if (parsed.kind === 'image') return { index, image: await loadImage(unparsed, source, operation) }
    index ??= parsed
    unparsed = unparsedImage(source, selectInstance(parsed, wanted).digest)
  }
  throw new ImageError('LIMIT_EXCEEDED', `the indexes of ${imageName(source.reference)} are nested too deep`)
}

interface Findings extends Chosen {
  readonly top: ManifestBytes
  /** Undefined for an artifact. */
  readonly config: ImageConfig | undefined
}

function describe(reference: ImageReference, { top, index, image, config }: Findings): ImageDescription {
  const { manifest } = image
  const docker = reference.dockerReference
  return {
    Name: docker === undefined ? imageName(reference) : repositoryName(docker),
    Tag: docker?.tag,
    Digest: top.digest,
    MediaType: top.mediaType,
    ArtifactType: manifest.artifactType,
    Platforms: index === undefined ? undefined : platformsOf(index),
    Instance: index === undefined ? undefined : image.bytes.digest,
    Size: manifest.layers.reduce((total, { size }) => total + size, manifest.config.size),
    Layers: manifest.layers.map(({ digest }) => digest),
    LayersData: manifest.layers.map(({ mediaType, digest, size, annotations }) => ({
      MIMEType: quoteForeign(mediaType, 200),
      Digest: digest,
      Size: size,
      Annotations: annotations,
    })),
    ...describeConfig(config),
    Annotations: manifest.annotations,
  }
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
