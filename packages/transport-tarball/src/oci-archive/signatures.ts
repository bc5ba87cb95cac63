import type { MemberWriter } from '@crossdock/archive'
import { bytesBody, type Descriptor, type Digest, type ManifestBytes, type Signature } from '@crossdock/core'
import {
  attachmentTag,
  parseAttachments,
  type PresentAttachments,
  type Referrer,
  referrerOf,
  signatureDocuments,
} from '@crossdock/formats'

/** Signatures and what they are over. */
export interface SignedManifest {
  readonly signed: Descriptor
  readonly signatures: readonly Signature[]
}

/** What signatures add to an archive. */
export interface AddedSignatures {
  /** By the name under which each is found. */
  readonly tags: ReadonlyMap<string, ManifestBytes>
  readonly referrers: readonly Referrer[]
}

/** Writes the documents of signatures. Those that came under a name are kept, with the others behind them. */
export async function writeSignatures(
  writer: MemberWriter,
  all: Iterable<SignedManifest>,
  present: ReadonlyMap<string, ManifestBytes>,
): Promise<AddedSignatures> {
  const tags = new Map<string, ManifestBytes>()
  const referrers: Referrer[] = []
  for (const { signed, signatures } of all) {
    const tag = attachmentTag(signed.digest, 'sig')
    const there = await presentAttachments(writer, present.get(tag))
    const { blobs, artifacts, attachments } = signatureDocuments(signatures, signed, there)
    for (const { descriptor, bytes } of blobs) await writer.putBlob(bytesBody(bytes), descriptor)
    for (const manifest of attachments === undefined ? artifacts : [...artifacts, attachments]) {
      await writer.putBlob(bytesBody(manifest.bytes), describe(manifest))
    }
    if (attachments !== undefined) tags.set(tag, attachments)
    referrers.push(...artifacts.map(referrerOf).filter((referrer) => referrer !== undefined))
  }
  return { tags, referrers }
}

async function presentAttachments(
  writer: MemberWriter,
  manifest: ManifestBytes | undefined,
): Promise<PresentAttachments | undefined> {
  if (manifest === undefined) return undefined
  // Standard output cannot be read back from.
  return { manifest, config: await writer.read(parseAttachments(manifest).config.digest) }
}

export function describe({ mediaType, digest, bytes }: ManifestBytes): Descriptor & { readonly digest: Digest } {
  return { mediaType, digest, size: bytes.byteLength }
}
