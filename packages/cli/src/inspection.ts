import {
  type Descriptor,
  digestOf,
  imageName,
  ImageError,
  type ImageReference,
  type ImageSource,
  MAX_CONFIG_BYTES,
  type ManifestBytes,
  type OperationOptions,
  quoteForeign,
  repositoryName,
  unparsedImage,
} from '@crossdock/core'
import {
  formatPlatform,
  hostPlatform,
  type ImageConfig,
  type ImageManifest,
  isConfigType,
  type Manifest,
  parseImageConfig,
  parseManifest,
  parsePlatform,
  selectInstance,
} from '@crossdock/formats'
import { readVerified } from '@crossdock/streams'

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
  const top = await unparsedImage(source).manifest(operation)
  if (wanted === 'manifest' && settings.platform === undefined) return { kind: 'bytes', bytes: top.bytes }
  const chosen = await choose(source, top, settings)
  if (wanted === 'manifest') return { kind: 'bytes', bytes: chosen.manifest.bytes }
  if (wanted === 'config') return { kind: 'bytes', bytes: await readConfig(source, chosen.parsed, operation) }
  const { config } = chosen.parsed
  const parsed = isConfigType(config.mediaType)
    ? parseImageConfig(await readConfig(source, chosen.parsed, operation))
    : undefined
  return { kind: 'description', description: describe(source.reference, { top, chosen, config: parsed }) }
}

interface Chosen {
  readonly index: Manifest | undefined
  readonly manifest: ManifestBytes
  readonly parsed: ImageManifest
}

async function choose(source: ImageSource, top: ManifestBytes, settings: InspectSettings): Promise<Chosen> {
  let manifest = top
  let index: Manifest | undefined
  for (let depth = 0; depth < 8; depth += 1) {
    const parsed = parseManifest(manifest)
    if (parsed.kind === 'image') return { index, manifest, parsed }
    index ??= parsed
    const platform = settings.platform === undefined ? hostPlatform() : parsePlatform(settings.platform)
    const instance = selectInstance(parsed, platform)
    manifest = await unparsedImage(source, instance.digest).manifest(settings.operation)
  }
  throw new ImageError('LIMIT_EXCEEDED', `the indexes of ${imageName(source.reference)} are nested too deep`)
}

async function readConfig(
  source: ImageSource,
  { config }: ImageManifest,
  operation: OperationOptions,
): Promise<Uint8Array> {
  const what = `the configuration of ${imageName(source.reference)}`
  return readVerified(await source.getBlob(config, operation), config, { limitBytes: MAX_CONFIG_BYTES, what })
}

function describe(
  reference: ImageReference,
  {
    top,
    chosen,
    config,
  }: { readonly top: ManifestBytes; readonly chosen: Chosen; readonly config: ImageConfig | undefined },
): ImageDescription {
  const { index, parsed } = chosen
  const docker = reference.dockerReference
  return {
    Name: docker === undefined ? imageName(reference) : repositoryName(docker),
    Tag: docker?.tag,
    Digest: top.digest,
    MediaType: top.mediaType,
    ArtifactType: parsed.artifactType,
    Platforms: index?.kind === 'index' ? platformsOf(index.manifests) : undefined,
    Instance: index === undefined ? undefined : digestOf(chosen.manifest.bytes),
    Size: parsed.layers.reduce((total, { size }) => total + size, parsed.config.size),
    Layers: parsed.layers.map(({ digest }) => digest),
    LayersData: parsed.layers.map(({ mediaType, digest, size, annotations }) => ({
      MIMEType: quoteForeign(mediaType, 200),
      Digest: digest,
      Size: size,
      Annotations: annotations,
    })),
    ...describeConfig(config),
    Annotations: parsed.annotations,
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

function platformsOf(manifests: readonly Descriptor[]): readonly string[] {
  return manifests.flatMap(({ platform }) =>
    platform === undefined || platform.os === 'unknown' ? [] : [formatPlatform(platform)],
  )
}
