import { createTrust, manifestReader } from '@crossdock/blob-files'
import { type Descriptor, ImageError, type OperationOptions, unparsedImage } from '@crossdock/core'
import { checkImage, documentReader, isIndexType, parseManifest } from '@crossdock/formats'
import type { CacheContext } from './cache-context.ts'
import { checkPlatform, entriesFor, platformOf } from './platforms.ts'

export interface CompleteOptions extends OperationOptions {
  readonly platforms: 'all' | readonly string[]
}

/**
 * Whether the store has all of an image that these platforms need, undamaged: what was hashed once is known by its file's stamp. An image
 * for another platform is not what is needed, nor is an index without one for each.
 */
export async function isComplete(cache: CacheContext, target: Descriptor, options: CompleteOptions): Promise<boolean> {
  const { platforms, signal } = options
  const { paths } = cache
  const read = manifestReader(paths.blobs)
  const trust = createTrust(paths.blobs)
  try {
    for (const root of await neededOf(cache, target, options)) {
      const { missing } = await checkImage(root, {
        read: documentReader(read),
        has: (blob) => trust.holds(blob, { signal, readOnly: true }),
        untilMissing: true,
        signal,
      })
      if (missing.length > 0) return false
    }
    if (platforms !== 'all' && !isIndexType(target.mediaType)) await checkImagePlatform(cache, target, platforms)
    return true
  } catch (reason) {
    if (reason instanceof ImageError && INCOMPLETE.includes(reason.code)) return false
    throw reason
  }
}

const INCOMPLETE: readonly string[] = ['NOT_FOUND', 'DIGEST_MISMATCH', 'INVALID_DATA']

async function neededOf(
  { paths }: CacheContext,
  target: Descriptor,
  { platforms, signal }: CompleteOptions,
): Promise<readonly Descriptor[]> {
  if (!isIndexType(target.mediaType)) return [target]
  const index = parseManifest(await manifestReader(paths.blobs)(target, { signal }))
  return index.kind === 'index' ? entriesFor(index, platforms) : [target]
}

/** Artifacts are for every platform. */
async function checkImagePlatform(
  { stored }: CacheContext,
  target: Descriptor,
  platforms: readonly string[],
): Promise<void> {
  await using source = await stored.parseReference(target.digest).openSource()
  const platform = await platformOf(unparsedImage(source), source)
  if (platform !== undefined) checkPlatform(platform, target, platforms)
}
