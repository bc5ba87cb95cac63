import {
  type Descriptor,
  type Digest,
  ImageError,
  MAX_MANIFEST_BYTES,
  type ManifestBytes,
  type Platform,
  quoteForeign,
  shortDigest,
} from '@crossdock/core'
import { asPlace, checkString, optionalList, optionalObject } from '../fields.ts'
import { isObject, member, parseJsonDocument } from '../json.ts'
import { type ImageIndex, parseManifest } from '../manifest.ts'
import { DOCKER_MANIFEST_LIST, isIndexType, isManifestType, isSchema1Type, normalizeMediaType } from '../media-types.ts'
import { hostPlatform } from '../node-runtime.ts'
import { writeDockerList, writeOciIndex } from './write-manifest.ts'

/** The annotation of an OCI index's entry whose layers are in zstd, with the value `true`. */
export const ZSTD_INSTANCE = 'io.github.containers.compression.zstd'

export interface ConvertIndexOptions {
  /** The media type of the index to make: `OCI_INDEX` or `DOCKER_MANIFEST_LIST`. */
  readonly to: string
  /**
   * What has become of instances, by the digest that they had: digest, size and type are taken over, and annotations, if
   * given, are added to those of an entry of an OCI index. Default: nothing has changed.
   */
  readonly instances?:
    | ReadonlyMap<Digest, Pick<Descriptor, 'mediaType' | 'digest' | 'size' | 'annotations'>>
    | undefined
  /** For an entry that says none, in a list, whose entries must say one. Default: `hostPlatform()`. */
  readonly platform?: Platform | undefined
}

export interface ConvertedIndex {
  readonly manifest: ManifestBytes
  /** What the new form has no place for, a sentence each. Empty if nothing is lost. */
  readonly lost: readonly string[]
}

/**
 * An index as a Docker list, a list as an OCI index, or either with other instances, in the bytes that containers/image writes.
 * If there is nothing to change, the very same bytes come back.
 *
 * Throws `UNSUPPORTED` for what is no index, an index or an artifact in an index that becomes a list, and an index in a list;
 * `INVALID_DATA` and `LIMIT_EXCEEDED` as `parseManifest` does.
 */
export function convertIndex(manifest: ManifestBytes, options: ConvertIndexOptions): ConvertedIndex {
  const { instances, platform = hostPlatform() } = options
  const what = `manifest ${shortDigest(manifest.digest)}`
  const index = parseManifest(manifest)
  const to = normalizeMediaType(options.to)
  if (index.kind !== 'index') throw unsupported(`${what} is not an index: convertImage takes it`)
  if (!isIndexType(to)) throw unsupported(`${what} is an index, and cannot become "${quoteForeign(to, 100)}"`)
  const entries = index.manifests.map((entry) => replace(entry, instances, index.format))
  const isSame = entries.every((entry, position) => entry === index.manifests[position])
  if (to === index.mediaType && isSame) return { manifest, lost: [] }
  const like = manifest.digest
  if (to !== index.mediaType) refuseOthers(entries, what)
  const features = featuresOf(manifest, what)
  if (to === DOCKER_MANIFEST_LIST) {
    const own = index.format === 'docker' ? UNKNOWN : platform
    const listed = entries.map((descriptor, position) => ({
      descriptor,
      platform: descriptor.platform ?? own,
      features: features[position] ?? [],
    }))
    return {
      manifest: writeDockerList(listed, { like }),
      lost: index.format === 'docker' ? [] : lossesToList(index, own),
    }
  }
  if (index.format === 'oci') return { manifest: writeOciIndex({ ...index, manifests: entries }, { like }), lost: [] }
  const manifests = entries.map(({ mediaType, digest, size, urls, platform: said = UNKNOWN }) => ({
    mediaType,
    digest,
    size,
    urls,
    platform: said,
  }))
  return { manifest: writeOciIndex({ manifests }, { like }), lost: lossesToIndex(index, features) }
}

/** A list's entry that says nothing is written like this. */
const UNKNOWN: Platform = { architecture: '', os: '' }

function replace(
  entry: Descriptor,
  instances: ConvertIndexOptions['instances'],
  format: ImageIndex['format'],
): Descriptor {
  const now = instances?.get(entry.digest)
  if (now === undefined) return entry
  const { mediaType, digest, size } = now
  const added = format === 'docker' ? [] : Object.entries(now.annotations ?? {})
  const isSame = mediaType === entry.mediaType && digest === entry.digest && size === entry.size
  if (isSame && added.every(([name, value]) => entry.annotations?.[name] === value)) return entry
  const annotations: Record<string, string> = Object.create(null)
  for (const [name, value] of [...Object.entries(entry.annotations ?? {}), ...added]) annotations[name] = value
  return { ...entry, mediaType, digest, size, annotations }
}

/** Only images change their format with the index. */
function refuseOthers(entries: readonly Descriptor[], what: string): void {
  for (const { digest, mediaType, artifactType } of entries) {
    if (artifactType === undefined && (isManifestType(mediaType) || isSchema1Type(mediaType))) continue
    const type = quoteForeign(artifactType ?? mediaType, 100)
    throw unsupported(
      `${what} cannot be converted: it lists ${shortDigest(digest)}, a "${type}", which is not an image`,
    )
  }
}

/** CPU features, which the platforms of a Docker list may have; by the place of the entry. */
function featuresOf(manifest: ManifestBytes, what: string): readonly (readonly string[])[] {
  const document = parseJsonDocument(manifest.bytes, { what, maxBytes: MAX_MANIFEST_BYTES })
  const entries = isObject(document) ? member(document, 'manifests') : undefined
  if (!Array.isArray(entries)) return []
  return entries.map((entry: unknown, position) => {
    const found = optionalObject(asPlace(entry, `${what}: manifests[${position}]`), 'platform')
    return found === undefined ? [] : (optionalList(found, 'features', checkString) ?? [])
  })
}

function lossesToList(
  { annotations, artifactType, subject, manifests }: ImageIndex,
  platform: Platform,
): readonly string[] {
  const annotated = manifests.filter((entry) => Object.keys(entry.annotations ?? {}).length > 0).length
  const unknown = manifests.filter((entry) => entry.platform === undefined).length
  return [
    ...(Object.keys(annotations).length > 0 ? ['the annotations of the index'] : []),
    ...(annotated > 0 ? [`the annotations of ${annotated} of its entries`] : []),
    ...(subject === undefined ? [] : [`its subject ${subject.digest}: it is no referrer any more`]),
    ...(artifactType === undefined ? [] : [`its artifact type "${quoteForeign(artifactType, 100)}"`]),
    ...(unknown > 0
      ? [`that ${unknown} of its entries say no platform: they say ${platform.os}/${platform.architecture} now`]
      : []),
  ]
}

function lossesToIndex({ annotations }: ImageIndex, features: readonly (readonly string[])[]): readonly string[] {
  return [
    ...(Object.keys(annotations).length > 0 ? ['the annotations of the list'] : []),
    ...(features.some((list) => list.length > 0) ? ['the CPU features that its entries ask for'] : []),
  ]
}

function unsupported(message: string): ImageError {
  return new ImageError('UNSUPPORTED', message)
}
