import {
  type Descriptor,
  type Digest,
  digestAlgorithm,
  digestOf,
  ImageError,
  type ManifestBytes,
  quoteForeign,
  schema1Payload,
  shortDigest,
} from '@crossdock/core'
import type { ConvertedImage, ConvertImageOptions } from './conversion.ts'
import { dockerConfigOf } from './from-schema1.ts'
import { changesLayers, checkEdits, editLayers, type LayerEdit } from './layer-edits.ts'
import { lossesFromSchema1, lossesOfConfig } from './losses.ts'
import {
  DOCKER_CONFIG,
  DOCKER_LAYER_GZIP,
  DOCKER_MANIFEST,
  DOCKER_SCHEMA1,
  DOCKER_SCHEMA1_SIGNED,
  OCI_CONFIG,
  OCI_LAYER_GZIP,
  OCI_MANIFEST,
} from '../media-types.ts'
import { toOciConfig } from './oci-config.ts'
import type { Schema1Manifest } from '../schema1.ts'
import { signSchema1 } from './sign-schema1.ts'
import { writeDockerManifest, writeOciManifest, writeSchema1 } from './write-manifest.ts'

interface Source {
  readonly manifest: ManifestBytes
  readonly parsed: Schema1Manifest
}

/** `convertImage` for a source in Docker schema 1; `to` is normalised. */
export function convertSchema1(source: Source, options: ConvertImageOptions): ConvertedImage {
  switch (options.to) {
    case DOCKER_SCHEMA1:
    case DOCKER_SCHEMA1_SIGNED:
      return editSchema1(source, options)
    case DOCKER_MANIFEST:
    case OCI_MANIFEST:
      return fromSchema1(source, options)
    default:
      throw new ImageError('UNSUPPORTED', `${nameOf(source)} cannot be converted to "${quoteForeign(options.to, 100)}"`)
  }
}

function editSchema1(source: Source, { to, layers: edits, name, tag }: ConvertImageOptions): ConvertedImage {
  const { manifest, parsed } = source
  if (edits !== undefined) checkEdits(edits, parsed.layers)
  const isNew =
    (edits !== undefined && changesLayers(edits, parsed.layers)) ||
    (name ?? parsed.name) !== parsed.name ||
    (tag ?? parsed.tag) !== parsed.tag
  if (!isNew && to === parsed.mediaType) return { manifest, blobs: [], lost: [] }
  const payload = isNew ? editedPayload(source, { layers: edits, name, tag }) : withoutSignatures(manifest)
  return {
    manifest: to === DOCKER_SCHEMA1_SIGNED ? signSchema1(payload) : payload,
    blobs: [],
    lost: parsed.mediaType === DOCKER_SCHEMA1_SIGNED ? ['the signatures in the manifest'] : [],
  }
}

function editedPayload(
  { manifest, parsed }: Source,
  { layers: edits, name, tag }: Omit<ConvertImageOptions, 'to'>,
): ManifestBytes {
  const layers = parsed.layers.map(({ digest, v1Compatibility }, index) => ({
    digest: edits?.[index]?.digest ?? digest,
    v1Compatibility,
  }))
  const fields = { name: name ?? parsed.name, tag: tag ?? parsed.tag, architecture: parsed.architecture, layers }
  return writeSchema1(fields, { like: manifest.digest })
}

function withoutSignatures({ bytes, digest }: ManifestBytes): ManifestBytes {
  const payload = schema1Payload(bytes)
  return { bytes: payload, mediaType: DOCKER_SCHEMA1, digest: digestOf(payload, digestAlgorithm(digest)) }
}

function fromSchema1(source: Source, options: ConvertImageOptions): ConvertedImage {
  const { manifest, parsed } = source
  const files = layersWithFiles(source, options)
  const dockerConfig = dockerConfigOf(
    parsed,
    files.map(({ diffId }) => diffId),
  )
  const isOci = options.to === OCI_MANIFEST
  const { bytes, dropped } = isOci ? toOciConfig(dockerConfig) : { bytes: dockerConfig, dropped: [] }
  const config: Descriptor = {
    mediaType: isOci ? OCI_CONFIG : DOCKER_CONFIG,
    digest: digestOf(bytes, digestAlgorithm(manifest.digest)),
    size: bytes.byteLength,
  }
  const mediaType = isOci ? OCI_LAYER_GZIP : DOCKER_LAYER_GZIP
  const layers = editLayers(
    files.map(({ digest, edit }) => ({ mediaType, digest, size: edit.size })),
    files.map(({ edit }) => edit),
  )
  const like = manifest.digest
  return {
    manifest: isOci
      ? writeOciManifest({ config, layers, mediaType: OCI_MANIFEST }, { like })
      : writeDockerManifest({ config, layers }, { like }),
    blobs: [{ descriptor: config, bytes }],
    lost: [...lossesFromSchema1(parsed, parsed.mediaType === DOCKER_SCHEMA1_SIGNED), ...lossesOfConfig(dropped)],
  }
}

interface LayerWithFiles {
  readonly digest: Digest
  readonly edit: LayerEdit
  readonly diffId: Digest
}

function layersWithFiles(source: Source, { layers: edits, diffIds }: ConvertImageOptions): readonly LayerWithFiles[] {
  if (edits === undefined || diffIds === undefined) {
    const message = `${nameOf(source)} cannot be converted without the sizes and diff IDs of its layers`
    throw new ImageError('INVALID_DATA', message)
  }
  const { layers } = source.parsed
  checkEdits(edits, layers)
  checkEdits(diffIds, layers)
  return layers.flatMap(({ digest, history }, index) => {
    const edit = edits[index]
    const diffId = diffIds[index]
    return edit === undefined || diffId === undefined || history.emptyLayer ? [] : [{ digest, edit, diffId }]
  })
}

function nameOf({ manifest }: Source): string {
  return `the schema 1 manifest ${shortDigest(manifest.digest)}`
}
