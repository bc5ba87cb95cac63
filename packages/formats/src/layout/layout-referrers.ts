import type { Descriptor, Digest, ManifestBytes, OperationOptions, Referrer as TaggedReferrer } from '@crossdock/core'
import { childrenOf, type Manifest, parseManifest } from '../manifest.ts'
import { isIndexType, OCI_INDEX } from '../media-types.ts'
import { referrersTag } from '../referrers-tag.ts'
import { childrenHandler, documentReader, indexesOnly, isDocument, type ManifestReader } from '../walk/documents.ts'
import type { Handler } from '../walk/handler.ts'
import { walk } from '../walk/walk.ts'
import { ATTACHMENT_KINDS, attachmentTag } from '../signatures/attachment-tag.ts'
import { descriptorNamed, type LayoutIndex, usableDescriptors } from './layout-index.ts'

/** Manifests that are looked into for a `subject`; in a larger layout the list of referrers has to tell. */
const MAX_LOOKED_INTO = 1000

/**
 * The manifests that refer to `subject`: those that cosign's tags tie to it, those that the entry with its referrers tag lists
 * (distribution-spec, "Referrers Tag Schema"), then others that `index.json` reaches and whose subject it is.
 */
export async function* findReferrers(
  index: LayoutIndex,
  read: ManifestReader,
  subject: { readonly digest: Digest; readonly options?: OperationOptions | undefined },
): AsyncGenerator<TaggedReferrer> {
  const { digest, options } = subject
  options?.signal?.throwIfAborted()
  const seen = new Set<Digest>()
  for (const tag of ATTACHMENT_KINDS.map((kind) => attachmentTag(digest, kind))) {
    const attached = descriptorNamed(index, tag)
    if (attached === undefined) continue
    seen.add(attached.digest)
    yield { ...withoutAnnotations(attached), tag }
  }
  for (const descriptor of await listedReferrers(index, read, digest)) {
    if (!seen.has(descriptor.digest)) yield descriptor
    seen.add(descriptor.digest)
  }
  const found: Descriptor[] = []
  const readDocument = documentReader(read, { passOver: 'unusable' })
  const look: Handler = async (descriptor, context) => {
    const manifest = isDocument(descriptor) ? await readDocument(descriptor, context) : undefined
    if (manifest?.subject?.digest === digest) found.push(describeReferrer(descriptor, manifest))
    return manifest === undefined ? [] : childrenOf(manifest)
  }
  let looked = 0
  for await (const visited of walk(usableDescriptors(index), look, { signal: options?.signal })) {
    for (const referrer of found.splice(0)) if (!seen.has(referrer.digest)) yield referrer
    if (isDocument(visited)) looked += 1
    if (looked >= MAX_LOOKED_INTO) return
  }
}

/** What the referrers tag lists; nothing if it is not there or names something else than an index. */
export async function listedReferrers(
  index: LayoutIndex,
  read: ManifestReader,
  subject: Digest,
): Promise<readonly Descriptor[]> {
  const descriptor = descriptorNamed(index, referrersTag(subject))
  if (descriptor === undefined || !isIndexType(descriptor.mediaType)) return []
  const document = await documentReader(read, { passOver: 'unusable' })(descriptor, { depth: 0 })
  return document?.kind === 'index' ? document.manifests : []
}

/** The annotations of an entry are about the entry. */
function withoutAnnotations({ annotations: _, ...descriptor }: Descriptor): Descriptor {
  return descriptor
}

/** A manifest with a subject. */
export interface Referrer {
  readonly subject: Digest
  readonly descriptor: Descriptor
}

/** The manifest as a referrer; undefined if it has no subject. */
export function referrerOf(manifest: ManifestBytes): Referrer | undefined {
  const { mediaType, digest, bytes } = manifest
  const parsed = parseManifest(manifest)
  if (parsed.subject === undefined) return undefined
  const descriptor = describeReferrer({ mediaType, digest, size: bytes.byteLength }, parsed)
  return { subject: parsed.subject.digest, descriptor }
}

/**
 * Of these referrers, those that are not inside the image: nothing else leads to them. Those inside need no entry beside it, so that a
 * layout of one image stays one that can be read without giving a name.
 */
export async function referrersBeside(
  image: Descriptor | undefined,
  referrers: readonly Referrer[],
  read: ManifestReader,
): Promise<readonly Referrer[]> {
  if (image === undefined || referrers.length === 0) return referrers
  const inside = new Set<Digest>()
  const readDocument = documentReader(read, { passOver: 'missing' })
  for await (const { digest } of walk([image], childrenHandler(indexesOnly(readDocument)))) inside.add(digest)
  inside.delete(image.digest)
  return referrers.filter(({ descriptor }) => !inside.has(descriptor.digest))
}

/** The descriptor by which a manifest is listed as a referrer (distribution-spec, "Listing Referrers"). */
function describeReferrer({ mediaType, digest, size }: Descriptor, manifest: Manifest): Descriptor {
  const artifactType = manifest.artifactType ?? (manifest.kind === 'image' ? manifest.config.mediaType : undefined)
  const annotated = Object.keys(manifest.annotations).length > 0
  return {
    mediaType,
    digest,
    size,
    ...(artifactType !== undefined && { artifactType }),
    ...(annotated && { annotations: manifest.annotations }),
  }
}

/** The document that lists the referrers of one subject (distribution-spec, "Referrers Tag Schema"). */
export function formatReferrers(referrers: readonly Descriptor[]): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: referrers }))
}
