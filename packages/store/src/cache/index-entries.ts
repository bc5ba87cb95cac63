import { type Descriptor, ImageError, type ImageSource, type OperationOptions, unparsedImage } from '@crossdock/core'
import { childrenOf, formatPlatform, isIndexType, readDocument } from '@crossdock/formats'
import type { CacheContext } from './cache-context.ts'
import { isComplete } from './is-complete.ts'
import { aboutDigest, namesPlatform, withoutDangling } from './merge-index.ts'
import { platformOf } from './platforms.ts'

/** What an index lists, or a single image as it would be listed. */
export async function entriesOf(source: ImageSource, operation?: OperationOptions): Promise<readonly Descriptor[]> {
  const image = unparsedImage(source)
  const { manifest, parsed } = await readDocument(image, operation)
  if (parsed.kind === 'index') return childrenOf(parsed)
  const { mediaType, digest, bytes } = manifest
  const platform = await platformOf(image, source)
  return [{ mediaType, digest, size: bytes.byteLength, ...(platform !== undefined && { platform }) }]
}

export interface LocalEntriesOptions extends OperationOptions {
  /** Whether some of them are enough. */
  readonly partly: boolean
}

export interface LocalEntries {
  /** Those that the store has, with what is about them; of a single image that. */
  readonly all: readonly Descriptor[]
  readonly isWhole: boolean
}

/** The entries of an image that the store has all of. Throws `NOT_FOUND` if some are missing. */
export async function localEntries(
  cache: CacheContext,
  target: Descriptor,
  options: LocalEntriesOptions,
): Promise<LocalEntries> {
  await using source = await cache.stored.parseReference(target.digest).openSource(options)
  const all = await entriesOf(source, options)
  if (!isIndexType(target.mediaType)) return { all, isWhole: true }
  const present: Descriptor[] = []
  for (const entry of all) {
    if (await isComplete(cache, entry, { platforms: 'all', signal: options.signal })) present.push(entry)
  }
  const isWhole = present.length === all.length
  // What names no platform cannot be told from what is elsewhere.
  const known = present.filter((entry) => namesPlatform(entry) || aboutDigest(entry) !== undefined)
  if (isWhole) return { all, isWhole }
  if (options.partly && known.length > 0) return { all: withoutDangling(known), isWhole }
  const absent = all.filter((entry) => !present.includes(entry))
  throw new ImageError(
    'NOT_FOUND',
    `the store has not all of the index: ${absent.map(shown).join(', ')} is missing; pull it, or push an index of what is there`,
    { missing: absent.map(({ digest }) => digest) },
  )
}

function shown({ digest, platform }: Descriptor): string {
  return platform === undefined ? digest : formatPlatform(platform)
}
