import type { Digest } from '@crossdock/core'
import {
  attachedNames,
  childrenHandler,
  documentReader,
  indexesOnly,
  type LayoutEntry,
  type LayoutIndex,
  type ManifestReader,
  usableDescriptors,
  walk,
  withLayoutEntries,
} from '@crossdock/formats'

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
    const lost = had.entries.filter(({ digest }) => !rest.entries.some((entry) => entry.digest === digest))
    if (lost.length === 0 || !rest.entries.some(({ name }) => name !== undefined && ATTACHED.test(name))) return rest
    const kept = await manifestsOf(read, rest)
    const gone = [...(await manifestsOf(read, withLayoutEntries(had, lost)))].filter((digest) => !kept.has(digest))
    const names = new Set(gone.flatMap(attachedNames))
    const isOrphan = ({ name }: LayoutEntry): boolean => name !== undefined && names.has(name)
    if (!rest.entries.some(isOrphan)) return rest
    ;[had, rest] = [
      rest,
      withLayoutEntries(
        rest,
        rest.entries.filter((entry) => !isOrphan(entry)),
      ),
    ]
  }
}

/** Names of what belongs to a manifest begin with its digest. */
const ATTACHED = /^sha(?:256|512)-[0-9a-f]{64}/

/** The manifests that an index leads to; what is missing leads nowhere. */
async function manifestsOf(read: ManifestReader, index: LayoutIndex): Promise<ReadonlySet<Digest>> {
  const readDocument = documentReader(read, { passOver: 'unusable' })
  const found = new Set<Digest>()
  for await (const { digest } of walk(usableDescriptors(index), childrenHandler(indexesOnly(readDocument))))
    found.add(digest)
  return found
}
