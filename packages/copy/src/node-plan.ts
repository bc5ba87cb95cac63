import { type Descriptor, type Digest, ImageError, imageName, quoteForeign, shortDigest } from '@crossdock/core'
import {
  conversionCandidates,
  isConfigType,
  isEncryptedLayerType,
  isForeignLayer,
  isSchema1Type,
  layerCompression,
  needsConfig,
  needsDiffIds,
} from '@crossdock/formats'
import type { Learning } from './diff-id-body.ts'
import type { Ends } from './ends.ts'
import { type ImageGraph, filesOf, type ManifestNode, manifestsOf } from './graph.ts'
import { FORMAT_TYPES } from './image-format.ts'
import { sided } from './operation.ts'
import { type Packing, packingOf } from './packing.ts'

/** What becomes of one manifest on its way. */
export interface NodePlan {
  /** The media types to offer it under, best first; the next one if the destination refuses the one before it. */
  readonly types: readonly string[]
  /** Layers that get other bytes, by digest. */
  readonly packings: ReadonlyMap<Digest, Packing>
  /** Set if one of the types can only be made with the diff IDs of the layers: `needed` for the first, `welcome` for another. */
  readonly learning: Learning | undefined
  /** Whether the bytes of the manifest will be others. */
  readonly changes: boolean
}

export type NodePlans = ReadonlyMap<ManifestNode, NodePlan>

/**
 * Decides for each manifest of the graph whether it travels as it is, and as what it is offered otherwise. Throws `UNSUPPORTED`,
 * with the reason, for what the destination cannot take.
 */
export function planNodes(graph: ImageGraph, ends: Ends): NodePlans {
  if (ends.options.preserveDigests && ends.destination.traits.keepsManifests === false) throw keepsNone(ends)
  const nodes = manifestsOf([graph.top, ...graph.referrers])
  const fixed = whyFixed(graph, ends)
  const plans = new Map<ManifestNode, NodePlan>()
  for (const node of nodes) plans.set(node, planNode(node, { ends, plans, fixed }))
  const changed = nodes.find((node) => plans.get(node)?.changes === true)
  if (changed !== undefined && fixed !== undefined) throw mustStay(changed, { ends, fixed })
  return plans
}

interface Planning {
  readonly ends: Ends
  readonly plans: NodePlans
  /** Why nothing may change. */
  readonly fixed: string | undefined
}

function planNode(node: ManifestNode, { ends, plans, fixed }: Planning): NodePlan {
  const { manifest } = node
  const accepted = ends.destination.traits.manifestTypes
  const packings = packingsOf(node, ends)
  const types = isConvertible(node)
    ? typesFor(node, { ends, fixed, ociOnly: needsOci(node, packings) })
    : [manifest.mediaType]
  if (accepted !== undefined && !types.some((type) => accepted.includes(type))) throw notTaken(types, { ends, fixed })
  const childChanges = node.children.some((child) => plans.get(child)?.changes === true)
  const isOther = types[0] !== manifest.mediaType || packings.size > 0 || childChanges
  return { types, packings, learning: learningOf(node, types), changes: isOther || lacksName(node, ends) }
}

function learningOf({ manifest }: ManifestNode, [first, ...others]: readonly string[]): Learning | undefined {
  const needs = (to: string): boolean => needsDiffIds(manifest.mediaType, to)
  if (first !== undefined && needs(first)) return 'needed'
  return others.some(needs) ? 'welcome' : undefined
}

/** A schema 1 manifest says where it is kept. Registries do not take one that says nothing; what another one says nobody minds. */
export function lacksName({ parsed }: ManifestNode, { destination }: Ends): boolean {
  return parsed.kind === 'schema1' && parsed.name === '' && destination.reference.dockerReference !== undefined
}

interface Wishes extends Omit<Planning, 'plans'> {
  readonly ociOnly: boolean
}

function typesFor(node: ManifestNode, { ends, fixed, ociOnly }: Wishes): readonly string[] {
  const { format } = ends.options
  const { traits } = ends.destination
  try {
    const types = conversionCandidates(node.manifest.mediaType, {
      accepted: traits.manifestTypes,
      forced: format === undefined ? undefined : FORMAT_TYPES[format],
      ociOnly,
    })
    return fixed !== undefined && types[0] === node.manifest.mediaType ? types.slice(0, 1) : types
  } catch (error) {
    throw sided(error, 'destination', ends.destination.reference)
  }
}

/** An artifact stays what it is: its parts mean nothing in another format. */
function isConvertible({ parsed }: ManifestNode): boolean {
  return parsed.kind !== 'image' || isConfigType(parsed.config.mediaType)
}

function packingsOf(node: ManifestNode, ends: Ends): ReadonlyMap<Digest, Packing> {
  const packings = new Map<Digest, Packing>()
  if (!isConvertible(node)) return packings
  const layers = filesOf(node).filter((candidate) => !isForeignLayer(candidate))
  for (const layer of layers) {
    const packing = packingOf(layer, ends)
    if (packing !== undefined) packings.set(layer.digest, packing)
  }
  return ends.destination.traits.sameLayerFormat === true && isMixed(layers, packings) ? allUnpacked(layers) : packings
}

function isMixed(layers: readonly Descriptor[], packings: ReadonlyMap<Digest, Packing>): boolean {
  return new Set(layers.map((layer) => formatOf(layer, packings))).size > 1
}

function allUnpacked(layers: readonly Descriptor[]): ReadonlyMap<Digest, Packing> {
  const packed = layers.filter(({ mediaType }) => (layerCompression(mediaType) ?? 'none') !== 'none')
  return new Map(packed.map(({ digest }) => [digest, { format: 'none' }]))
}

/** How the layer will be packed. */
function formatOf(
  { digest, mediaType }: Descriptor,
  packings: ReadonlyMap<Digest, Packing>,
): Packing['format'] | undefined {
  return packings.get(digest)?.format ?? layerCompression(mediaType)
}

/** Whether a layer will be in zstd or is encrypted: neither has a name in Docker's formats. */
function needsOci({ layers }: ManifestNode, packings: ReadonlyMap<Digest, Packing>): boolean {
  return layers.some((layer) => formatOf(layer, packings) === 'zstd' || isEncryptedLayerType(layer.mediaType))
}

function whyFixed({ top, referrers }: ImageGraph, { destination, options }: Ends): string | undefined {
  if (options.preserveDigests) return 'its digest is to be preserved'
  if (destination.reference.dockerReference?.digest !== undefined) return 'the destination is named by its digest'
  if (manifestsOf([top, ...referrers]).some(({ signatures }) => signatures.length > 0))
    return 'it is signed (drop signatures to let it change)'
  if (referrers.length > 0)
    return 'what refers to it names it by its digest (copy it without referrers to let it change)'
  return undefined
}

function mustStay(
  { manifest }: ManifestNode,
  { ends, fixed }: { readonly ends: Ends; readonly fixed: string },
): ImageError {
  const image = imageName(ends.destination.reference)
  return new ImageError(
    'UNSUPPORTED',
    `the manifest ${shortDigest(manifest.digest)} of type ${manifest.mediaType} would have to change for ${quoteForeign(image)}, but ${fixed}`,
    { side: 'destination', image },
  )
}

function keepsNone({ destination }: Ends): ImageError {
  const image = imageName(destination.reference)
  const message = `${quoteForeign(image)} keeps no manifest, so that the digest of the image cannot be preserved there`
  return new ImageError('UNSUPPORTED', message, { side: 'destination', image })
}

function notTaken(types: readonly string[], { ends, fixed }: Omit<Planning, 'plans'>): ImageError {
  const image = imageName(ends.destination.reference)
  const { manifestTypes = [] } = ends.destination.traits
  const why = fixed === undefined ? '' : `; it may not be converted, since ${fixed}`
  return new ImageError(
    'UNSUPPORTED',
    `${quoteForeign(image)} does not take manifests of type ${types.join(' or ')}, only ${manifestTypes.join(', ')}${why}`,
    { side: 'destination', image },
  )
}

/** A blob that moves, and how. */
export interface MovingBlob {
  readonly blob: Descriptor
  /** Undefined: as it is. */
  readonly packing: Packing | undefined
  /** Undefined: its diff ID is not asked for. */
  readonly learning: Learning | undefined
}

/** The blobs of a node that its manifest, as the first of its types, needs from the source. */
export function blobsToMove([node, plan]: readonly [ManifestNode, NodePlan]): readonly MovingBlob[] {
  const { types, packings, learning } = plan
  const [to = node.manifest.mediaType] = types
  const withFiles = new Set(filesOf(node).map(({ digest }) => digest))
  const isDropped = ({ digest }: Descriptor): boolean =>
    node.parsed.kind === 'schema1' && !isSchema1Type(to) && !withFiles.has(digest)
  return node.blobs
    .filter((blob) => !isDropped(blob) && (!isConfigOf(blob, node) || keepsConfig(node, to)))
    .map((blob) => ({ blob, packing: packings.get(blob.digest), learning }))
}

function isConfigOf({ digest }: Descriptor, { parsed }: ManifestNode): boolean {
  return parsed.kind === 'image' && parsed.config.digest === digest
}

/** Whether the image's config, as it is, belongs to the manifest as this type. */
export function keepsConfig({ manifest }: ManifestNode, to: string): boolean {
  return to === manifest.mediaType || (!needsConfig(manifest.mediaType, to) && !isSchema1Type(to))
}
