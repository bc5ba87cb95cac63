import type { Digest } from '@crossdock/core'
import { referrersTag } from '../referrers-tag.ts'
import { ATTACHMENT_KINDS, attachmentTag } from '../signatures/attachment-tag.ts'

/** The names under which a layout has what belongs to this manifest: the list of its referrers, and what cosign's tags tie to it. */
export function attachedNames(manifest: Digest): readonly string[] {
  return [referrersTag(manifest), ...ATTACHMENT_KINDS.map((kind) => attachmentTag(manifest, kind))]
}
