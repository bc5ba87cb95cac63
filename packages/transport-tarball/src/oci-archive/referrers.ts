import type { Descriptor, Digest, ManifestBytes, OperationOptions } from '@crossdock/core'
import { isIndexType, type Manifest, OCI_INDEX, referrersTag } from '@crossdock/formats'
import { readDocument, walkGraph } from './graph.ts'
import { descriptorOf, usableDescriptors } from './index-file.ts'
import type { ArchivedLayout } from './layout.ts'

/** Manifests that are looked into for a `subject`; in a larger archive the list of referrers has to tell. */
const MAX_LOOKED_INTO = 1000

/**
 * The manifests whose subject is `subject`: those that the entry with its referrers tag lists (distribution-spec, "Referrers Tag
 * Schema"), then others that `index.json` reaches.
 */
export async function* findReferrers(
  layout: ArchivedLayout,
  subject: Digest,
  options: OperationOptions = {},
): AsyncGenerator<Descriptor> {
  options.signal?.throwIfAborted()
  const seen = new Set<Digest>()
  for (const descriptor of await listedReferrers(layout, subject, options)) {
    if (!seen.has(descriptor.digest)) yield descriptor
    seen.add(descriptor.digest)
  }
  let looked = 0
  for await (const node of walkGraph(layout, usableDescriptors(layout.index), { ...options, readImages: true })) {
    if (node.manifest?.subject?.digest === subject && !seen.has(node.descriptor.digest)) {
      yield describeReferrer(node.descriptor, node.manifest)
    }
    looked += 1
    if (looked >= MAX_LOOKED_INTO) return
  }
}

/** What the referrers tag lists; nothing if it is not there or names something else than an index. */
async function listedReferrers(
  layout: ArchivedLayout,
  subject: Digest,
  { signal }: OperationOptions,
): Promise<readonly Descriptor[]> {
  const tag = referrersTag(subject)
  const entry = layout.index.entries.find(({ name }) => name === tag)
  if (entry === undefined) return []
  const descriptor = descriptorOf(layout.index, entry)
  if (!isIndexType(descriptor.mediaType)) return []
  const document = await readDocument(layout, descriptor, signal)
  return document?.kind === 'index' ? document.manifests : []
}

/** A manifest with a subject. */
export interface Referrer {
  readonly subject: Digest
  readonly descriptor: Descriptor
}

/** The manifest as a referrer; undefined if it has no subject. */
export function referrerOf({ mediaType, digest, bytes }: ManifestBytes, parsed: Manifest): Referrer | undefined {
  if (parsed.subject === undefined) return undefined
  const descriptor = describeReferrer({ mediaType, digest, size: bytes.byteLength }, parsed)
  return { subject: parsed.subject.digest, descriptor }
}

/** The descriptor by which a manifest is listed as a referrer (distribution-spec, "Listing Referrers"). */
function describeReferrer({ mediaType, digest, size }: Descriptor, manifest: Manifest): Descriptor {
  const artifactType = manifest.artifactType ?? (manifest.kind === 'image' ? manifest.config.mediaType : undefined)
  const isAnnotated = Object.keys(manifest.annotations).length > 0
  return {
    mediaType,
    digest,
    size,
    ...(artifactType !== undefined && { artifactType }),
    ...(isAnnotated && { annotations: manifest.annotations }),
  }
}

/** The document that lists the referrers of one subject. */
export function formatReferrers(referrers: readonly Descriptor[]): Uint8Array {
  const document = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: referrers }
  return new TextEncoder().encode(JSON.stringify(document))
}
