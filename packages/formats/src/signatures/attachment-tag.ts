import type { Digest } from '@crossdock/core'
import { referrersTag } from '../referrers-tag.ts'

/** What cosign ties to an image by a tag: signatures, attestations, bills of materials. */
export type AttachmentKind = 'sig' | 'att' | 'sbom'

export const ATTACHMENT_KINDS: readonly AttachmentKind[] = Object.freeze(['sig', 'att', 'sbom'] as const)

/**
 * The tag that ties something to the manifest with this digest, `sha256-….sig` (cosign, "Signature Spec", "Tag-based Discovery"). A
 * sha512 digest is cut to 64 characters as in a referrers tag, since a tag has room for 128.
 */
export function attachmentTag(subject: Digest, kind: AttachmentKind): string {
  return `${referrersTag(subject)}.${kind}`
}

const ATTACHMENT_TAG = /^(?:sha256|sha512)-[0-9a-f]{64}\.(?:sig|att|sbom)$/

export function isAttachmentTag(tag: string): boolean {
  return ATTACHMENT_TAG.test(tag)
}

/** Whether what is under the tag is a list that several people add to: signatures, attestations. A bill of materials is one document. */
export function isListTag(tag: string): boolean {
  return isAttachmentTag(tag) && !tag.endsWith('.sbom')
}
