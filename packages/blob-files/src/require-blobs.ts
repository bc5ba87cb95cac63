import { stat } from 'node:fs/promises'
import { type Digest, ImageError } from '@crossdock/core'
import { runAll } from '@crossdock/streams'
import type { BlobPaths } from './blob-paths.ts'
import { ifExists, naming } from './file-errors.ts'

const LOOKS_AT_ONCE = 16

/**
 * Looks once more, before a name leads to them, for blobs that were there: others may have removed some meanwhile. Throws `CONFLICT`,
 * retryable, with those that are gone. `where` is for the message: `the store "/path"`.
 */
export async function requireBlobs(
  { pathOf }: Pick<BlobPaths, 'pathOf'>,
  digests: Iterable<Digest>,
  where: string,
): Promise<void> {
  const missing: Digest[] = []
  const look = async (digest: Digest): Promise<void> => {
    const path = pathOf(digest)
    if ((await naming('look at', path, () => ifExists(stat(path)))) === undefined) missing.push(digest)
  }
  await runAll(digests, look, { concurrency: LOOKS_AT_ONCE })
  if (missing.length === 0) return
  throw new ImageError('CONFLICT', `${where} lost ${missing.join(', ')} while it was written to; try again`, {
    retryable: true,
    missing,
  })
}
