import { type Descriptor, type Digest, digestOf } from '@crossdock/core'
import { OCI_INDEX } from '../media-types.ts'
import { referrersTag } from '../referrers-tag.ts'
import { layoutEntry, type LayoutIndex, putLayoutEntry } from './layout-index.ts'
import { formatReferrers, listedReferrers, type Referrer } from './layout-referrers.ts'
import type { LayoutStaging } from './layout-staging.ts'

export interface AddReferrerOptions extends Referrer {
  /** Which of those that are listed it is in place of. Default: none. */
  readonly replaces?: ((listed: Descriptor) => boolean) | undefined
}

/** Adds a manifest to the list of its subject's referrers (distribution-spec, "Referrers Tag Schema"). */
export async function addReferrer(
  staging: Pick<LayoutStaging, 'read' | 'addListed'>,
  index: LayoutIndex,
  { subject, descriptor, replaces = () => false }: AddReferrerOptions,
): Promise<LayoutIndex> {
  const listed = await listedReferrers(index, staging.read, subject)
  const others = listed.filter((one) => one.digest !== descriptor.digest && !replaces(one))
  if (others.length === listed.length - 1 && isListed(listed, descriptor.digest)) return index
  const bytes = formatReferrers([...others, descriptor])
  const list = { mediaType: OCI_INDEX, digest: digestOf(bytes), size: bytes.byteLength }
  staging.addListed({ descriptor: list, bytes })
  return putLayoutEntry(index, layoutEntry(list, referrersTag(subject)))
}

function isListed(listed: readonly Descriptor[], wanted: Digest): boolean {
  return listed.some(({ digest }) => digest === wanted)
}
