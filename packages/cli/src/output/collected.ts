import type { Collected } from '@crossdock/store'
import { count, formatBytes } from './sizes.ts'

/** What a collection did, or would do, for people. */
export function formatCollected(
  { blobs, bytes, images, ingests }: Collected,
  { dryRun = false }: { readonly dryRun?: boolean } = {},
): string {
  const names = images.length === 0 ? '' : `${count(images.length, 'name')}, `
  const unfinished = ingests === 0 ? '' : ` and ${ingests} that never came whole`
  return `${dryRun ? 'would remove' : 'removed'} ${names}${count(blobs, 'blob')}${unfinished}, ${formatBytes(bytes)}\n`
}
