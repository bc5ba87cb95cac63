import type { Descriptor, Digest } from '@crossdock/core'
import { childrenHandler, documentReader, indexesOnly, type ManifestReader } from '../walk/documents.ts'
import { walk } from '../walk/walk.ts'
import { attachedNames } from './attached-names.ts'
import { type LayoutEntry, type LayoutIndex, usableDescriptors, withLayoutEntries } from './layout-index.ts'

/**
 * The index without the entries that belong to manifests which `before` led to and it does not: their signatures and the lists of their
 * referrers. The same index if there are none.
 */
export async function withoutOrphans(
  read: ManifestReader,
  before: LayoutIndex,
  index: LayoutIndex,
): Promise<LayoutIndex> {
  let [had, rest] = [before, index]
  for (;;) {
    const digests = new Set(rest.entries.map(({ digest }) => digest))
    const lost = withLayoutEntries(
      had,
      had.entries.filter(({ digest }) => !digests.has(digest)),
    )
    const left = await manifestsBelow(read, usableDescriptors(lost))
    const attached = withoutAttached(rest, left)
    if (attached === rest) return rest
    const kept = await manifestsBelow(read, usableDescriptors(rest))
    const next = withoutAttached(
      rest,
      [...left].filter((digest) => !kept.has(digest)),
    )
    if (next === rest) return rest
    ;[had, rest] = [rest, next]
  }
}

/** The manifests that these lead to, themselves included; what is missing leads nowhere. */
export async function manifestsBelow(read: ManifestReader, roots: readonly Descriptor[]): Promise<ReadonlySet<Digest>> {
  const readDocument = documentReader(read, { passOver: 'unusable' })
  const found = new Set<Digest>()
  for await (const { digest } of walk(roots, childrenHandler(indexesOnly(readDocument)))) found.add(digest)
  return found
}

function withoutAttached(index: LayoutIndex, manifests: Iterable<Digest>): LayoutIndex {
  const names = new Set([...manifests].flatMap(attachedNames))
  const isAttached = ({ name }: LayoutEntry): boolean => name !== undefined && names.has(name)
  if (!index.entries.some(isAttached)) return index
  return withLayoutEntries(
    index,
    index.entries.filter((entry) => !isAttached(entry)),
  )
}
