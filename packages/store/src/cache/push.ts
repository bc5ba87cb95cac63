import {
  type Descriptor,
  type Digest,
  ImageError,
  imageName,
  type ImageReference,
  type OperationOptions,
} from '@crossdock/core'
import { buildIndex, formatPlatform } from '@crossdock/formats'
import { findRecord } from '../transport/find-target.ts'
import { opened } from '../transport/opened.ts'
import { parseLocation } from '../transport/reference.ts'
import { createSession } from '../transport/session.ts'
import { writeDocument } from '../transport/write-document.ts'
import { type CacheContext, type CacheCopyOptions, ifFound, remoteOf } from './cache-context.ts'
import { entriesOf, type LocalEntries, localEntries } from './index-entries.ts'
import { appendIndex, namesPlatform } from './merge-index.ts'
import { tagPlatforms } from './tag-platforms.ts'

export interface PushOptions extends OperationOptions {
  /** What it is called there: a name of a registry, or a reference of any transport. Default: as in the store. */
  readonly to?: ImageReference | string | undefined
  /**
   * What becomes of another image that is there under the name: it is left, and `CONFLICT` thrown; `override` replaces it; `merge` keeps its
   * images for platforms that the store has none for, in one index. Default: `refuse`.
   */
  readonly existing?: 'refuse' | 'override' | 'merge' | undefined
  /**
   * Of an index of which the store has not every image: `rewrite` pushes an index of those that are there, `refuse` throws `NOT_FOUND`.
   * Default: `refuse`.
   */
  readonly sparse?: 'rewrite' | 'refuse' | undefined
  /** Whether the image for each platform also gets a tag of its own, `TAG-ARCHITECTURE[VARIANT]`; needs a tag. Default: false. */
  readonly platformTags?: boolean | undefined
  /** Whether what refers to the image goes along. Default: false. */
  readonly referrers?: boolean | undefined
}

export interface PushedImage {
  /** What the name stands for there now. */
  readonly digest: Digest
  /** False if it stood for that before, and nothing was sent. */
  readonly isNew: boolean
  /** The further names, as image names. */
  readonly platformTags: readonly string[]
}

/** Sends an image of the store. Throws `NOT_FOUND`, `CONFLICT`, and what a copy throws; the store stays as it is. */
export async function pushImage(cache: CacheContext, text: string, options: PushOptions = {}): Promise<PushedImage> {
  const { signal, onProgress, existing = 'refuse' } = options
  const operation = { signal, onProgress }
  const { target } = await findRecord({ store: cache.store, location: parseLocation(text) }, operation)
  const to = destinationOf(cache, text, options.to)
  const partly = options.sparse === 'rewrite' || existing === 'merge'
  const entries = await localEntries(cache, target, { ...operation, partly })
  const there = await ifFound(readRemote(to, operation))
  const isSame = there?.digest === target.digest
  if (there !== undefined && !isSame && existing === 'refuse') {
    throw new ImageError(
      'CONFLICT',
      `${imageName(to)} is ${there.digest}, and "${text}" is ${target.digest}: override it, or merge both`,
    )
  }
  const merged =
    there === undefined || isSame || existing !== 'merge' ? undefined : appendIndex(entries.all, there.entries)
  const sent = await send(cache, { target, to, entries, merged, there, options, text })
  const platformTags = options.platformTags === true ? await tagPlatforms(cache, { to, entries, operation }) : []
  return { ...sent, platformTags }
}

interface RemoteImage {
  readonly digest: Digest
  readonly entries: readonly Descriptor[]
}

async function readRemote(to: ImageReference, operation: OperationOptions): Promise<RemoteImage> {
  await using source = await to.openSource?.(operation)
  if (source === undefined) throw new ImageError('NOT_FOUND', `${imageName(to)} cannot be read`)
  const { digest } = await source.getManifest(undefined, operation)
  return { digest, entries: await entriesOf(source, operation) }
}

interface Sending {
  readonly text: string
  readonly target: Descriptor
  readonly to: ImageReference
  readonly entries: LocalEntries
  /** What the index is to list. */
  readonly merged: readonly Descriptor[] | undefined
  readonly there: RemoteImage | undefined
  readonly options: PushOptions
}

async function send(cache: CacheContext, sending: Sending): Promise<Pick<PushedImage, 'digest' | 'isNew'>> {
  const { target, to, entries, merged, there, options } = sending
  const { referrers, signal, onProgress } = options
  const operation = { signal, onProgress, referrers }
  const isNothingNew =
    there !== undefined &&
    merged !== undefined &&
    merged.every(({ digest }, place) => there.entries[place]?.digest === digest) &&
    merged.length === there.entries.length
  if (isNothingNew) return { digest: there.digest, isNew: false }
  if (merged === undefined && entries.isWhole) {
    const from = cache.stored.parseReference(target.digest)
    const { digest, upToDate } = await cache.copy(from, to, { ...operation, platforms: 'all' })
    return { digest, isNew: !upToDate }
  }
  return await sendIndex(cache, sending, { ...operation })
}

/**
 * Makes the index, which has to be in the store only while it is sent, with the images that the store has. What else it lists is at the
 * destination already.
 */
async function sendIndex(
  cache: CacheContext,
  { text, to, entries, merged = entries.all }: Sending,
  options: Pick<CacheCopyOptions, 'signal' | 'onProgress' | 'referrers'>,
): Promise<Pick<PushedImage, 'digest' | 'isNew'>> {
  const { bytes, mediaType, digest } = buildIndex({ manifests: merged })
  const session = createSession(opened(cache.store, cache.stored.parseReference(text), parseLocation(text)))
  await using _keeper = session.keeper
  await session.ready()
  await writeDocument(session, { mediaType, digest, size: bytes.byteLength }, bytes, options)
  const platforms = entries.all.filter(namesPlatform).map(({ platform }) => formatPlatform(platform))
  const from = cache.stored.parseReference(digest)
  const { upToDate } = await cache.copy(from, to, { ...options, platforms, subset: 'sparse' })
  return { digest, isNew: !upToDate }
}

function destinationOf(cache: CacheContext, text: string, to: PushOptions['to']): ImageReference {
  if (typeof to === 'object') return to
  return remoteOf(cache, to ?? text)
}
