import type { Collected } from '@crossdock/store'
import { count, formatBytes } from './sizes.ts'

/** What a collection did, or would do, for people. */
export function formatCollected(
  { blobs, bytes, ingests }: Collected,
  { dryRun = false }: { readonly dryRun?: boolean } = {},
): string {
  const unfinished = ingests === 0 ? '' : ` and ${ingests} that never came whole`
  return `${dryRun ? 'would remove' : 'removed'} ${count(blobs, 'blob')}${unfinished}, ${formatBytes(bytes)}\n`
}
