import type { Descriptor, ManifestBytes, Signature } from '@crossdock/core'
import { attachmentTag } from '../signatures/attachment-tag.ts'
import { parseAttachments, type PresentAttachments } from '../signatures/attachments.ts'
import { newSignatures } from '../signatures/distinct-signatures.ts'
import { SIMPLE_SIGNATURES } from '../signatures/signature-artifact.ts'
import { signatureDocuments } from '../signatures/signature-documents.ts'
import { addReferrer } from './add-referrer.ts'
import { descriptorNamed, layoutEntry, type LayoutIndex, putLayoutEntry } from './layout-index.ts'
import { referrerOf } from './layout-referrers.ts'
import { findSignatures, type LayoutContent } from './layout-signatures.ts'
import type { LayoutStaging } from './layout-staging.ts'

export interface AddSignaturesOptions {
  readonly signed: Descriptor
  readonly signatures: readonly Signature[]
}

/** Adds signatures to those of the manifest that the layout has, unless they are there. */
export async function addSignatures(
  staging: LayoutStaging,
  index: LayoutIndex,
  { signed, signatures }: AddSignaturesOptions,
): Promise<LayoutIndex> {
  const layout = { index, read: staging.read, readBlob: staging.readBlob }
  const present = await findSignatures(layout, signed.digest)
  const added = newSignatures(signatures, present)
  if (added.length === 0) return index
  // All simple signatures of a manifest are in one document.
  const isSimpleAdded = added.some(({ format }) => format === 'simple')
  const again = isSimpleAdded ? present.filter(({ format }) => format === 'simple') : []
  const documents = signatureDocuments([...again, ...added], signed, await presentAttachments(layout, signed))
  for (const content of documents.blobs) staging.add(content)
  let result = index
  for (const manifest of documents.artifacts) {
    staging.add({ descriptor: manifestDescriptor(manifest), bytes: manifest.bytes })
    const referrer = referrerOf(manifest)
    if (referrer === undefined) continue
    const isSimple = referrer.descriptor.artifactType === SIMPLE_SIGNATURES
    const replaces = ({ artifactType }: Descriptor): boolean => isSimple && artifactType === SIMPLE_SIGNATURES
    result = await addReferrer(staging, result, { ...referrer, replaces })
  }
  const { attachments } = documents
  if (attachments === undefined) return result
  staging.addListed({ descriptor: manifestDescriptor(attachments), bytes: attachments.bytes })
  return putLayoutEntry(result, layoutEntry(manifestDescriptor(attachments), attachmentTag(signed.digest, 'sig')))
}

function manifestDescriptor({ mediaType, digest, bytes }: ManifestBytes): Descriptor {
  return { mediaType, digest, size: bytes.byteLength }
}

async function presentAttachments(
  { index, read, readBlob }: LayoutContent,
  { digest }: Descriptor,
): Promise<PresentAttachments | undefined> {
  const descriptor = descriptorNamed(index, attachmentTag(digest, 'sig'))
  if (descriptor === undefined) return undefined
  const manifest = await read(descriptor)
  return { manifest, config: await readBlob(parseAttachments(manifest).config) }
}
