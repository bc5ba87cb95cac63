import { type Descriptor, type Digest, digestOf, type ManifestBytes } from '@crossdock/core'
import { encodeConfig } from '../convert/encode-config.ts'
import { parseImageConfig } from '../image-config.ts'
import { OCI_CONFIG, OCI_MANIFEST } from '../media-types.ts'
import { formatAciManifest } from './format-manifest.ts'
import { formatAciImageId } from './image-id.ts'
import { formatLayerOrigin } from './layer-origin.ts'
import type { AciManifest } from './manifest.ts'
import { valueOf } from './named-values.ts'
import {
  ACI_ID_ANNOTATION,
  ACI_MANIFEST_ANNOTATION,
  MAX_ACI_ANNOTATION_BYTES,
  SHARED_ANNOTATIONS,
} from './oci-names.ts'
import { ociConfigOfAci, type ToOciOptions } from './to-oci-config.ts'

/** A layer that files of an App Container Image have become. */
export interface AciLayerFacts {
  readonly descriptor: Descriptor
  readonly diffId: Digest
  /** The image that the files are of. */
  readonly name: string
  readonly id: Digest
}

export interface ImageOfAciOptions extends ToOciOptions {
  readonly id: Digest
  /** Lowest first. */
  readonly layers: readonly AciLayerFacts[]
}

/** An OCI image that an App Container Image has become. */
export interface ImageOfAci {
  readonly manifest: ManifestBytes
  readonly config: Uint8Array
  readonly configDigest: Digest
  /** Sentences for people: what was assumed, and what OCI has no place for. */
  readonly notes: readonly string[]
}

/**
 * The same image and layers always make the same OCI image (`docs/conversions.md`). Throws `UNSUPPORTED` for a platform that OCI has no name for,
 * `INVALID_DATA`, `LIMIT_EXCEEDED`.
 */
export function imageOfAci(aci: AciManifest, options: ImageOfAciOptions): ImageOfAci {
  const { config: fields, hasPlatform, lost } = ociConfigOfAci(aci, options)
  const { layers, id } = options
  const history = layers.map((layer) => ({
    ...(typeof fields['created'] === 'string' && { created: fields['created'] }),
    created_by: formatLayerOrigin(layer),
  }))
  const rootfs = { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) }
  const config = encodeConfig(JSON.stringify({ ...fields, rootfs, history }))
  parseImageConfig(config)
  const kept = keptManifest(aci)
  const configDigest = digestOf(config)
  const bytes = encode({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: OCI_CONFIG, digest: configDigest, size: config.byteLength },
    layers: layers.map(({ descriptor }) => descriptor),
    annotations: annotationsOf(aci, { id, kept }),
  })
  return {
    manifest: { bytes, mediaType: OCI_MANIFEST, digest: digestOf(bytes) },
    config,
    configDigest,
    notes: [...(hasPlatform ? [] : [platformNote(fields)]), ...(lost.length > 0 ? [lossNote(lost, kept)] : [])],
  }
}

/** Dependencies and whitelist are left out: the files are what these made of them. */
function keptManifest(aci: AciManifest): string | undefined {
  const bytes = formatAciManifest({ ...aci, dependencies: [], pathWhitelist: [] })
  return bytes.byteLength > MAX_ACI_ANNOTATION_BYTES ? undefined : new TextDecoder().decode(bytes)
}

interface Kept {
  readonly id: Digest
  readonly kept: string | undefined
}

function annotationsOf(
  { name, labels, annotations }: AciManifest,
  { id, kept }: Kept,
): Readonly<Record<string, string>> {
  const version = valueOf(labels, 'version')
  const shared = [...SHARED_ANNOTATIONS].flatMap(([ours, theirs]) => {
    const value = valueOf(annotations, ours)
    return value === undefined ? [] : [[theirs, value] as const]
  })
  return {
    [ACI_ID_ANNOTATION]: formatAciImageId(id),
    ...(kept !== undefined && { [ACI_MANIFEST_ANNOTATION]: kept }),
    ...Object.fromEntries(shared),
    'org.opencontainers.image.title': name,
    ...(version !== undefined && { 'org.opencontainers.image.version': version }),
  }
}

function platformNote({ os, architecture }: Readonly<Record<string, unknown>>): string {
  return `the archive does not say what it runs on: ${String(os)}/${String(architecture)} is taken`
}

function lossNote(lost: readonly string[], kept: string | undefined): string {
  const where = kept === undefined ? 'they are lost' : `they stay in its annotation ${ACI_MANIFEST_ANNOTATION} alone`
  return `an OCI image has no place for ${lost.join(', ')}: ${where}`
}

function encode(document: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(document))
}
