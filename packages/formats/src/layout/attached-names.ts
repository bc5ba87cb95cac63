import type { Digest } from '@crossdock/core'
import { referrersTag } from '../referrers-tag.ts'
import { ATTACHMENT_KINDS, attachmentTag, isAttachmentTag } from '../signatures/attachment-tag.ts'

/** The names under which a layout has what belongs to this manifest: the list of its referrers, and what cosign's tags tie to it. */
export function attachedNames(manifest: Digest): readonly string[] {
  return [referrersTag(manifest), ...ATTACHMENT_KINDS.map((kind) => attachmentTag(manifest, kind))]
}

const REFERRERS_TAG = /^(?:sha256|sha512)-[0-9a-f]{64}$/

/** Whether a name has the form of one of those. */
export function isAttachedName(name: string): boolean {
  return REFERRERS_TAG.test(name) || isAttachmentTag(name)
}
