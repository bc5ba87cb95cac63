import {
  type Descriptor,
  digestAlgorithm,
  digestOf,
  type Digest,
  ImageError,
  MAX_MANIFEST_BYTES,
  type ManifestBytes,
  type Platform,
} from '@crossdock/core'
import { goList, goObject, goString, goStrings } from '../go-text.ts'
import { DOCKER_MANIFEST, DOCKER_MANIFEST_LIST, DOCKER_SCHEMA1, OCI_INDEX, OCI_MANIFEST } from '../media-types.ts'

export interface WriteOptions {
  /** The digest of what this replaces: the new one has the same algorithm. Default: sha256. */
  readonly like?: Digest | undefined
}

/** What an OCI manifest says besides config and layers. */
export interface OciManifestFields {
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
  /** As the document that is edited has it; it may have none. */
  readonly mediaType?: string | undefined
  readonly artifactType?: string | undefined
  readonly subject?: Descriptor | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

/** An OCI manifest as the specification's Go structure is written. Throws `LIMIT_EXCEEDED` beyond `MAX_MANIFEST_BYTES`. */
export function writeOciManifest(fields: OciManifestFields, options: WriteOptions = {}): ManifestBytes {
  const { config, layers, mediaType = '', artifactType = '', subject, annotations } = fields
  const text = goObject([
    ['schemaVersion', '2'],
    ['mediaType', ifAny(mediaType)],
    ['artifactType', ifAny(artifactType)],
    ['config', ociDescriptor(config)],
    ['layers', goList(layers.map(ociDescriptor))],
    ['subject', subject === undefined ? undefined : ociDescriptor(subject)],
    ['annotations', goStrings(annotations)],
  ])
  return toManifest(text, OCI_MANIFEST, options)
}

/** A Docker schema 2 manifest. Throws `LIMIT_EXCEEDED` beyond `MAX_MANIFEST_BYTES`. */
export function writeDockerManifest(
  { config, layers }: Pick<OciManifestFields, 'config' | 'layers'>,
  options: WriteOptions = {},
): ManifestBytes {
  const text = goObject([
    ['schemaVersion', '2'],
    ['mediaType', goString(DOCKER_MANIFEST)],
    ['config', dockerDescriptor(config)],
    ['layers', goList(layers.map((layer) => dockerDescriptor(layer)))],
  ])
  return toManifest(text, DOCKER_MANIFEST, options)
}

export interface Schema1Fields {
  readonly name: string
  readonly tag: string
  readonly architecture: string
  /** From the base up; the document has them the other way round. */
  readonly layers: readonly { readonly digest: Digest; readonly v1Compatibility: string }[]
}

/** A Docker schema 1 manifest without signatures. Throws `LIMIT_EXCEEDED` beyond `MAX_MANIFEST_BYTES`. */
export function writeSchema1(fields: Schema1Fields, options: WriteOptions = {}): ManifestBytes {
  const { name, tag, architecture } = fields
  const layers = fields.layers.toReversed()
  const text = goObject([
    ['name', goString(name)],
    ['tag', goString(tag)],
    ['architecture', goString(architecture)],
    ['fsLayers', goList(layers.map(({ digest }) => goObject([['blobSum', goString(digest)]])))],
    [
      'history',
      goList(layers.map(({ v1Compatibility }) => goObject([['v1Compatibility', goString(v1Compatibility)]]))),
    ],
    ['schemaVersion', '1'],
  ])
  return toManifest(text, DOCKER_SCHEMA1, options)
}

export type OciIndexFields = Omit<OciManifestFields, 'config' | 'layers' | 'mediaType'> & {
  readonly manifests: readonly Descriptor[]
}

/** An OCI index. Throws `LIMIT_EXCEEDED` beyond `MAX_MANIFEST_BYTES`. */
export function writeOciIndex(fields: OciIndexFields, options: WriteOptions = {}): ManifestBytes {
  const { manifests, artifactType = '', subject, annotations } = fields
  const text = goObject([
    ['schemaVersion', '2'],
    ['mediaType', goString(OCI_INDEX)],
    ['artifactType', ifAny(artifactType)],
    ['manifests', goList(manifests.map(ociDescriptor))],
    ['subject', subject === undefined ? undefined : ociDescriptor(subject)],
    ['annotations', goStrings(annotations)],
  ])
  return toManifest(text, OCI_INDEX, options)
}

export interface DockerListEntry {
  readonly descriptor: Descriptor
  readonly platform: Platform
  /** Features of the CPU, which OCI has no field for. */
  readonly features: readonly string[]
}

/** A Docker manifest list. Throws `LIMIT_EXCEEDED` beyond `MAX_MANIFEST_BYTES`. */
export function writeDockerList(entries: readonly DockerListEntry[], options: WriteOptions = {}): ManifestBytes {
  const manifests = entries.map(({ descriptor, platform, features }) =>
    dockerDescriptor(descriptor, goObject([...platformMembers(platform), ['features', ifSome(features)]])),
  )
  const text = goObject([
    ['schemaVersion', '2'],
    ['mediaType', goString(DOCKER_MANIFEST_LIST)],
    ['manifests', goList(manifests)],
  ])
  return toManifest(text, DOCKER_MANIFEST_LIST, options)
}

function ociDescriptor(descriptor: Descriptor): string {
  const { mediaType, digest, size, urls = [], annotations, data = '', platform, artifactType = '' } = descriptor
  return goObject([
    ['mediaType', goString(mediaType)],
    ['digest', goString(digest)],
    ['size', String(size)],
    ['urls', ifSome(urls)],
    ['annotations', goStrings(annotations)],
    ['data', ifAny(data)],
    ['platform', platform === undefined ? undefined : goObject(platformMembers(platform))],
    ['artifactType', ifAny(artifactType)],
  ])
}

function dockerDescriptor({ mediaType, size, digest, urls = [] }: Descriptor, platform?: string): string {
  return goObject([
    ['mediaType', goString(mediaType)],
    ['size', String(size)],
    ['digest', goString(digest)],
    ['urls', ifSome(urls)],
    ['platform', platform],
  ])
}

function platformMembers(platform: Platform): readonly (readonly [string, string | undefined])[] {
  return [
    ['architecture', goString(platform.architecture)],
    ['os', goString(platform.os)],
    ['os.version', ifAny(platform['os.version'] ?? '')],
    ['os.features', ifSome(platform['os.features'] ?? [])],
    ['variant', ifAny(platform.variant ?? '')],
  ]
}

function ifAny(text: string): string | undefined {
  return text === '' ? undefined : goString(text)
}

function ifSome(texts: readonly string[]): string | undefined {
  return texts.length === 0 ? undefined : goList(texts.map(goString))
}

function toManifest(text: string, mediaType: string, { like }: WriteOptions): ManifestBytes {
  const bytes = new TextEncoder().encode(text)
  if (bytes.byteLength > MAX_MANIFEST_BYTES) {
    throw new ImageError(
      'LIMIT_EXCEEDED',
      `the converted document would have ${bytes.byteLength} bytes; ${MAX_MANIFEST_BYTES} are allowed`,
    )
  }
  return { bytes, mediaType, digest: digestOf(bytes, like === undefined ? 'sha256' : digestAlgorithm(like)) }
}
