import {
  type Descriptor,
  digestOf,
  ImageError,
  type ManifestBytes,
  MAX_MANIFEST_BYTES,
  type SigstoreSignature,
} from '@crossdock/core'
import { goList, goObject, goString, goStrings } from '../go-text.ts'
import { compactMembers, readJsonMembers } from '../json-members.ts'
import { type ImageManifest, parseManifest } from '../manifest.ts'
import { OCI_CONFIG, OCI_MANIFEST } from '../media-types.ts'
import { checkSignatureLayers } from './limits.ts'
import { readLayers, type SignatureBlobReader } from './read-layers.ts'

/** A signature by cosign over an image: the payload, with the signature in the annotations (cosign, "Signature Spec"). */
export const COSIGN_SIGNATURE = 'application/vnd.dev.cosign.simplesigning.v1+json'

/** A blob with its bytes. */
export interface BlobContent {
  readonly descriptor: Descriptor
  readonly bytes: Uint8Array
}

/**
 * Reads what lies under a `.sig` tag: a manifest with a layer for each signature. Throws `INVALID_DATA` for what is no such manifest, and
 * `LIMIT_EXCEEDED` for more, or larger ones, than signatures are.
 */
export function parseAttachments(manifest: ManifestBytes): ImageManifest {
  const parsed = imageOf(manifest)
  checkSignatureLayers(parsed.layers, nameOf(manifest))
  return parsed
}

function imageOf(manifest: ManifestBytes): ImageManifest {
  const parsed = parseManifest(manifest)
  if (parsed.kind === 'image' && parsed.mediaType === OCI_MANIFEST) return parsed
  throw new ImageError(
    'INVALID_DATA',
    `${nameOf(manifest)} should be an OCI image manifest, but is ${parsed.mediaType}`,
  )
}

function nameOf({ digest }: ManifestBytes): string {
  return `the manifest of signatures ${digest}`
}

/** The signatures under a `.sig` tag, in the order of their layers. What each of them is, its media type says. */
export async function readAttachments(
  manifest: ManifestBytes,
  read: SignatureBlobReader,
): Promise<readonly SigstoreSignature[]> {
  const { layers } = parseAttachments(manifest)
  const contents = await readLayers(layers, read)
  return layers.map(({ mediaType, annotations = {} }, position) => {
    return { format: 'sigstore', mediaType, bytes: contents[position] ?? new Uint8Array(), annotations }
  })
}

/** What is under a `.sig` tag now. */
export interface PresentAttachments {
  readonly manifest: ManifestBytes
  /** Default: made anew, by the layers of the manifest. */
  readonly config?: Uint8Array | undefined
}

/** What is to be written for a `.sig` tag: the blobs first. */
export interface AttachmentsUpdate {
  readonly manifest: ManifestBytes
  /** The payloads that are new, and the configuration. */
  readonly blobs: readonly BlobContent[]
}

/**
 * Adds signatures behind those that are there, all that is known of which stays; undefined if all of them are there already. New documents have
 * the bytes that skopeo gives them. Throws `LIMIT_EXCEEDED` beyond what `parseAttachments` reads.
 */
export function addAttachments(
  signatures: readonly SigstoreSignature[],
  present?: PresentAttachments,
): AttachmentsUpdate | undefined {
  const layers = present === undefined ? [] : parseAttachments(present.manifest).layers
  const known = new Set(layers.map(layerText))
  const added = distinct(signatures.map(toLayer)).filter(({ descriptor }) => !known.has(layerText(descriptor)))
  if (added.length === 0 && present !== undefined) return undefined
  const descriptors = added.map(({ descriptor }) => descriptor)
  checkSignatureLayers([...layers, ...descriptors], 'the manifest of signatures')
  const { manifest, config } = withLayers(descriptors, { present, layers })
  return { manifest, blobs: [...added, config] }
}

/**
 * Puts what one manifest lists behind what another has, both of them for the same tag; undefined if all of it is there. Of the blobs the
 * configuration alone is new. Throws `INVALID_DATA` if one of them is no such manifest.
 */
export async function mergeAttachments(
  manifest: ManifestBytes,
  present: ManifestBytes,
  read: SignatureBlobReader,
): Promise<AttachmentsUpdate | undefined> {
  const { layers, config } = imageOf(present)
  const known = new Set(layers.map(layerText))
  const added = imageOf(manifest).layers.filter((layer) => !known.has(layerText(layer)))
  if (added.length === 0) return undefined
  const merged = withLayers(added, { present: { manifest: present, config: await read(config) }, layers })
  return { manifest: merged.manifest, blobs: [merged.config] }
}

interface Present {
  readonly present: PresentAttachments | undefined
  /** Those that it has. */
  readonly layers: readonly Descriptor[]
}

function withLayers(
  added: readonly Descriptor[],
  { present, layers }: Present,
): { readonly manifest: ManifestBytes; readonly config: BlobContent } {
  const config = configWith(present?.config === undefined ? [...layers, ...added] : added, present?.config)
  return { manifest: manifestWith(added, config.descriptor, present?.manifest), config }
}

function toLayer({ mediaType, bytes, annotations }: SigstoreSignature): BlobContent {
  const annotated = Object.keys(annotations).length > 0
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.byteLength }
  return { descriptor: { ...descriptor, ...(annotated && { annotations }) }, bytes }
}

function distinct(layers: readonly BlobContent[]): readonly BlobContent[] {
  return [...new Map(layers.map((layer) => [layerText(layer.descriptor), layer])).values()]
}

/** As Go writes a descriptor: equal texts are equal signatures. */
function layerText({ mediaType, digest, size, annotations }: Descriptor): string {
  return goObject([
    ['mediaType', goString(mediaType)],
    ['digest', goString(digest)],
    ['size', String(size)],
    ['annotations', goStrings(annotations)],
  ])
}

/** An image's configuration with the digests of the payloads in place of diff IDs. */
function configWith(layers: readonly Descriptor[], present: Uint8Array | undefined): BlobContent {
  const members = membersOf(present ?? encode(EMPTY_CONFIG), 'the configuration of signatures')
  const rootfs = membersOf(encode(members.get('rootfs') ?? EMPTY_ROOTFS), 'rootfs of the configuration of signatures')
  const added = layers.map(({ digest }) => goString(digest))
  rootfs.set('diff_ids', listWith(rootfs.get('diff_ids'), added))
  members.set('rootfs', goObject([...rootfs]))
  const bytes = encode(goObject([...members]))
  return { descriptor: { mediaType: OCI_CONFIG, digest: digestOf(bytes), size: bytes.byteLength }, bytes }
}

const EMPTY_ROOTFS = '{"type":"layers","diff_ids":[]}'
const EMPTY_CONFIG = `{"architecture":"","os":"","config":{},"rootfs":${EMPTY_ROOTFS}}`

function manifestWith(
  layers: readonly Descriptor[],
  config: Descriptor,
  present: ManifestBytes | undefined,
): ManifestBytes {
  const empty = encode(`{"schemaVersion":2,"mediaType":${goString(OCI_MANIFEST)},"config":{},"layers":[]}`)
  const members = membersOf(present?.bytes ?? empty, 'the manifest of signatures')
  members.set('config', layerText(config))
  members.set('layers', listWith(members.get('layers'), layers.map(layerText)))
  const bytes = encode(goObject([...members]))
  if (bytes.byteLength > MAX_MANIFEST_BYTES) {
    throw new ImageError(
      'LIMIT_EXCEEDED',
      `the manifest of signatures would have more than ${MAX_MANIFEST_BYTES} bytes`,
    )
  }
  return { bytes, mediaType: OCI_MANIFEST, digest: digestOf(bytes) }
}

function membersOf(bytes: Uint8Array, what: string): Map<string, string> {
  return compactMembers(readJsonMembers(bytes, { what, maxBytes: MAX_MANIFEST_BYTES }))
}

/** A JSON list with more items; null, which Go writes for an empty one, and none are empty. */
function listWith(list: string | undefined, added: readonly string[]): string {
  const items = list === undefined || list === 'null' ? '' : list.slice(1, -1)
  return goList(items === '' ? added : [items, ...added])
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
