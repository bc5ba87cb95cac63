import {
  type Descriptor,
  digestAlgorithm,
  digestOf,
  ImageError,
  type ManifestBytes,
  quoteForeign,
  shortDigest,
} from '@crossdock/core'
import { parseAnyManifest } from '../any-manifest.ts'
import type { ConvertedImage, ConvertImageOptions } from './conversion.ts'
import { convertSchema1 } from './convert-schema1.ts'
import { asPlace, optionalString } from '../fields.ts'
import { parseJsonDocument } from '../json.ts'
import { changesLayers, checkEdits, editLayers, type LayerEdit } from './layer-edits.ts'
import { dockerTypeOf, ociTypeOf } from '../layer-types.ts'
import { lossesOfEdits, lossesToDocker, lossesToOci, lossesToSchema1 } from './losses.ts'
import type { ImageManifest } from '../manifest.ts'
import {
  DOCKER_CONFIG,
  DOCKER_LAYER_GZIP,
  DOCKER_MANIFEST,
  DOCKER_SCHEMA1,
  DOCKER_SCHEMA1_SIGNED,
  isConfigType,
  isEncryptedLayerType,
  isSchema1Type,
  layerCompression,
  normalizeMediaType,
  OCI_CONFIG,
  OCI_MANIFEST,
} from '../media-types.ts'
import { toOciConfig } from './oci-config.ts'
import { signSchema1 } from './sign-schema1.ts'
import { EMPTY_LAYER, EMPTY_LAYER_DIGEST, schema1StepsOf } from './to-schema1.ts'
import { writeDockerManifest, writeOciManifest, writeSchema1 } from './write-manifest.ts'

/** Whether the layers have to be read to make `to` out of `from`, both media types: schema 1 does not have diff IDs. */
export function needsDiffIds(from: string, to: string): boolean {
  return isSchema1Type(from) && !isSchema1Type(to)
}

/** Whether the config's bytes are needed to make `to` out of `from`, both media types. */
export function needsConfig(from: string, to: string): boolean {
  if (isSchema1Type(from) || normalizeMediaType(from) === normalizeMediaType(to)) return false
  return normalizeMediaType(to) !== DOCKER_MANIFEST
}

/**
 * Makes the manifest of an image anew: in another format, with other layers, or both. The result has the bytes that
 * containers/image (skopeo, podman) writes; a signed schema 1 manifest its payload, under a signature of its own. If there is nothing to change, the very same
 * bytes come back.
 *
 * The type of a converted layer follows from what the manifest says of it, unless a layer has changed.
 *
 * Throws `UNSUPPORTED` for indexes, artifacts, layers that the format has no type for (encrypted ones, zstd in Docker's,
 * unknown ones) and images whose history schema 1 cannot tell; `INVALID_DATA` for documents that are wrong and options that are
 * missing; `DIGEST_MISMATCH` if `config` is not the image's; `LIMIT_EXCEEDED`.
 */
export function convertImage(manifest: ManifestBytes, options: ConvertImageOptions): ConvertedImage {
  const parsed = parseAnyManifest(manifest)
  const to = normalizeMediaType(options.to)
  const what = `manifest ${shortDigest(manifest.digest)}`
  if (parsed.kind === 'index') throw unsupported(`${what} is an index: convertIndex takes it`)
  if (parsed.kind === 'schema1') return convertSchema1({ manifest, parsed }, { ...options, to })
  const source: Source = { manifest, parsed, what }
  if (to === parsed.mediaType) return editImage(source, options)
  if (!isConfigType(parsed.config.mediaType)) {
    const type = quoteForeign(parsed.config.mediaType, 100)
    throw unsupported(`${what} is an artifact, its config is a "${type}": it cannot be converted`)
  }
  switch (to) {
    case OCI_MANIFEST:
      return toOci(source, options)
    case DOCKER_MANIFEST:
      return toDocker(source, options)
    case DOCKER_SCHEMA1:
      return toSchema1(source, options)
    case DOCKER_SCHEMA1_SIGNED:
      return signed(toSchema1(source, options))
    default:
      throw unsupported(`${what} cannot be converted to "${quoteForeign(to, 100)}"`)
  }
}

interface Source {
  readonly manifest: ManifestBytes
  readonly parsed: ImageManifest
  readonly what: string
}

/** Other layers in the same format. */
function editImage({ manifest, parsed, what }: Source, { layers: edits }: ConvertImageOptions): ConvertedImage {
  if (edits !== undefined) checkEdits(edits, parsed.layers)
  if (edits === undefined || !changesLayers(edits, parsed.layers)) return { manifest, blobs: [], lost: [] }
  const layers = editLayers(parsed.layers, edits)
  const lost = lossesOfEdits(parsed.layers, layers)
  const like = manifest.digest
  if (parsed.format === 'docker') {
    return { manifest: writeDockerManifest({ config: parsed.config, layers }, { like }), blobs: [], lost }
  }
  const document = parseJsonDocument(manifest.bytes, { what, maxBytes: manifest.bytes.byteLength })
  const mediaType = optionalString(asPlace(document, `${what}:`), 'mediaType')
  return { manifest: writeOciManifest({ ...parsed, mediaType, layers }, { like }), blobs: [], lost }
}

function toOci(source: Source, options: ConvertImageOptions): ConvertedImage {
  const { parsed, manifest } = source
  const { bytes, dropped } = toOciConfig(configOf(source, options))
  const converted = parsed.layers.map((layer) => retype(layer, ociTypeOf(layer.mediaType)))
  const layers = editLayers(converted, options.layers)
  const digest = digestOf(bytes, digestAlgorithm(parsed.config.digest))
  const config: Descriptor = { mediaType: OCI_CONFIG, digest, size: bytes.byteLength }
  return {
    manifest: writeOciManifest({ config, layers, mediaType: OCI_MANIFEST }, { like: manifest.digest }),
    blobs: [{ descriptor: config, bytes }],
    lost: [...lossesToOci(parsed, dropped), ...lossesOfEdits(converted, layers)],
  }
}

function toDocker({ manifest, parsed }: Source, options: ConvertImageOptions): ConvertedImage {
  const { digest, size, urls } = parsed.config
  const config: Descriptor = { mediaType: DOCKER_CONFIG, digest, size, ...(urls !== undefined && { urls }) }
  const layers = dockerLayers(parsed, options.layers)
  return {
    manifest: writeDockerManifest({ config, layers }, { like: manifest.digest }),
    blobs: [],
    lost: [...lossesToDocker(parsed), ...lossesOfEdits(parsed.layers.map(withoutAnnotations), layers)],
  }
}

function signed({ manifest, ...image }: ConvertedImage): ConvertedImage {
  return { ...image, manifest: signSchema1(manifest) }
}

function toSchema1(source: Source, options: ConvertImageOptions): ConvertedImage {
  const { parsed, manifest } = source
  const edited = dockerLayers(parsed, options.layers)
  const { architecture, steps } = schema1StepsOf(configOf(source, options), parsed.layers)
  const layers = steps.map(({ digest, v1Compatibility, layer }) => ({
    digest: (layer === undefined ? undefined : edited[layer]?.digest) ?? digest,
    v1Compatibility,
  }))
  const { name = '', tag = '' } = options
  const size = EMPTY_LAYER.byteLength
  const empty: Descriptor = { mediaType: DOCKER_LAYER_GZIP, digest: EMPTY_LAYER_DIGEST, size }
  return {
    manifest: writeSchema1({ name, tag, architecture, layers }, { like: manifest.digest }),
    blobs: steps.some(({ layer }) => layer === undefined) ? [{ descriptor: empty, bytes: EMPTY_LAYER }] : [],
    lost: lossesToSchema1(parsed),
  }
}

/**
 * The layers with Docker's types, edited. What Docker has no type for may have become something else on the way: edits come
 * first, and are in the types of the source.
 */
function dockerLayers(parsed: ImageManifest, edits: readonly LayerEdit[] | undefined): readonly Descriptor[] {
  return editLayers(parsed.layers, edits).map((layer) => {
    const { mediaType } = layer
    // Some tools put Docker's layers into OCI manifests.
    return retype(layer, dockerTypeOf(mediaType) ?? ownDockerType(mediaType))
  })
}

function ownDockerType(mediaType: string): string | undefined {
  const type = ociTypeOf(mediaType)
  return type === undefined ? undefined : dockerTypeOf(type)
}

function withoutAnnotations({ annotations: _, ...layer }: Descriptor): Descriptor {
  return layer
}

/** Digest, size and URLs stay; annotations belong to the format that was left. */
function retype({ mediaType, digest, size, urls }: Descriptor, type: string | undefined): Descriptor {
  if (type === undefined) throw unsupported(layerProblem(mediaType))
  return { mediaType: type, digest, size, ...(urls !== undefined && { urls }) }
}

function layerProblem(mediaType: string): string {
  const shown = `a layer of type "${quoteForeign(mediaType, 100)}"`
  if (isEncryptedLayerType(mediaType)) return `${shown} is encrypted: only OCI manifests can have it`
  if (layerCompression(mediaType) === 'zstd') return `${shown} is compressed with zstd: Docker manifests need gzip`
  return `${shown} has no counterpart in the other format`
}

function configOf({ parsed: { config }, what }: Source, options: ConvertImageOptions): Uint8Array {
  const bytes = options.config
  if (bytes === undefined) throw new ImageError('INVALID_DATA', `${what} cannot be converted without its config`)
  const actual = digestOf(bytes, digestAlgorithm(config.digest))
  if (actual === config.digest) return bytes
  throw new ImageError('DIGEST_MISMATCH', `the config of ${what} should be ${config.digest} but is ${actual}`)
}

function unsupported(message: string): ImageError {
  return new ImageError('UNSUPPORTED', message)
}
