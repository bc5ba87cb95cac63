import { type Digest, type ManifestBytes, parseDigest } from '@crossdock/core'
import { convertImage, convertIndex, imageOf, type LayerEdit, needsConfig, type NewBlob } from '@crossdock/formats'
import type { Ends } from './ends.ts'
import type { ManifestNode } from './graph.ts'
import { lacksName, type NodePlan, type NodePlans } from './node-plan.ts'
import { onSide } from './operation.ts'

/** What a manifest has become. */
export interface MadeManifest {
  readonly manifest: ManifestBytes
  /** To be there before it, besides what its source has. */
  readonly blobs: readonly NewBlob[]
  readonly lost: readonly string[]
}

/** In the place of a digest; no layer has it, as it is that of no bytes. */
const NOT_KNOWN: Digest = parseDigest('sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
const UNCHANGED: Pick<MadeManifest, 'blobs' | 'lost'> = { blobs: [], lost: [] }

export interface MakeOptions {
  /** One of the node's types. */
  readonly to: string
  /** What has become of layers, by the digest that they had. */
  readonly edits: ReadonlyMap<Digest, LayerEdit>
  /** What layers unpack to, by the digest that they had; of schema 1, for types that need it. */
  readonly diffIds: ReadonlyMap<Digest, Digest>
  /** What has become of its children, by the digest that they had. */
  readonly children: ReadonlyMap<Digest, ManifestBytes>
}

/** Makes the manifest that is written. Throws `UNSUPPORTED` for what cannot be said in that format. */
export async function makeManifest(node: ManifestNode, ends: Ends, options: MakeOptions): Promise<MadeManifest> {
  const { to, edits, diffIds, children } = options
  const { manifest, parsed } = node
  if (parsed.kind === 'index') {
    const instances = new Map(
      [...children].map(([digest, child]) => [
        digest,
        { mediaType: child.mediaType, digest: child.digest, size: child.bytes.byteLength },
      ]),
    )
    return { ...UNCHANGED, ...convertIndex(manifest, { to, instances }) }
  }
  if (to === manifest.mediaType && edits.size === 0 && !lacksName(node, ends)) return { manifest, ...UNCHANGED }
  const config = needsConfig(manifest.mediaType, to) ? await readConfig(node, ends) : undefined
  const { dockerReference } = namesItself(node, edits) ? {} : ends.destination.reference
  return convertImage(manifest, {
    to,
    config,
    layers: node.layers.map((layer) => edits.get(layer.digest) ?? layer),
    diffIds: node.layers.map(({ digest }) => diffIds.get(digest) ?? NOT_KNOWN),
    name: dockerReference?.path,
    tag: dockerReference?.tag,
  })
}

/** A schema 1 manifest that stays what it is keeps the name in it, and so its digest. */
function namesItself({ parsed }: ManifestNode, edits: MakeOptions['edits']): boolean {
  return parsed.kind === 'schema1' && parsed.name !== '' && edits.size === 0
}

function readConfig(node: ManifestNode, { source, operation }: Ends): Promise<Uint8Array> {
  return onSide('source', source.reference, () => imageOf(node, source).configBytes(operation), operation.signal)
}

export interface MadeAhead {
  /** Those that are known, as they will be written. */
  readonly made: ReadonlyMap<ManifestNode, MadeManifest>
  /** What every one of them will have no place for, a sentence each. */
  readonly lost: ReadonlyMap<ManifestNode, readonly string[]>
}

/**
 * Makes those of the planned manifests that do not depend on layers that are still to be packed or unpacked, as the first of their types:
 * so that a conversion that cannot be is refused, and its digest known, before a byte moves.
 */
export async function makeAhead(plans: NodePlans, ends: Ends): Promise<MadeAhead> {
  const made = new Map<ManifestNode, MadeManifest>()
  const lost = new Map<ManifestNode, readonly string[]>()
  // Children come before those that list them.
  for (const [node, { types, packings, learning }] of plans) {
    const [to = node.manifest.mediaType] = types
    const children = changedChildren(node, (child) => made.get(child)?.manifest)
    const make = () => makeManifest(node, ends, { to, edits: expectedEdits(packings), diffIds: new Map(), children })
    const result = await onSide('source', ends.source.reference, make, ends.operation.signal)
    lost.set(node, result.lost)
    const isKnown = packings.size === 0 && learning !== 'needed'
    if (isKnown && node.children.every((child) => made.has(child))) made.set(node, result)
  }
  return { made, lost }
}

/** What layers will be, as far as it is known before they are packed. */
function expectedEdits(packings: NodePlan['packings']): ReadonlyMap<Digest, LayerEdit> {
  return new Map(
    [...packings].map(([digest, { format }]) => [digest, { digest: NOT_KNOWN, size: 0, compression: format }] as const),
  )
}

/** Those children of a node that are other documents now, by the digest that they had. */
export function changedChildren(
  { children }: ManifestNode,
  writtenAs: (child: ManifestNode) => ManifestBytes | undefined,
): ReadonlyMap<Digest, ManifestBytes> {
  const changed = new Map<Digest, ManifestBytes>()
  for (const child of children) {
    const { digest } = child.manifest
    const now = writtenAs(child)
    if (now !== undefined && now.digest !== digest) changed.set(digest, now)
  }
  return changed
}
