import type { Descriptor, ImageReference, OperationOptions, UnparsedImage } from '@crossdock/core'
import { findTarget } from '../transport/find-target.ts'
import { noteUse } from '../transport/note-use.ts'
import { opened } from '../transport/opened.ts'
import { parseLocation, storeImageName } from '../transport/reference.ts'
import { type CacheContext, type CacheCopyOptions, recordOfName, remoteOf } from './cache-context.ts'
import { isComplete } from './is-complete.ts'
import { checkPlatform, platformOf, platformTexts } from './platforms.ts'

export interface PullOptions extends OperationOptions {
  /** Where it comes from. Default: the registry that the name tells. */
  readonly from?: ImageReference | undefined
  /** Of an index: the platforms whose images are brought, as patterns, or all. Default: linux on this machine's CPU. */
  readonly platforms?: 'all' | readonly string[] | undefined
  /** Whether the source is asked even if the store has all that is needed. Default: false. */
  readonly always?: boolean | undefined
  /** Whether what refers to the image comes along. Default: false. */
  readonly referrers?: boolean | undefined
  /** Judges the image before anything of it is fetched besides the manifest. Default: admits. */
  readonly admit?: CacheCopyOptions['admit']
}

export interface PulledImage {
  readonly name: string
  readonly target: Descriptor
  /** Whether the source was asked, and gave something that was not there. */
  readonly isNew: boolean
}

/**
 * Brings an image into the store under its name, whatever of it is not there yet. An index is kept as it is, with the images for the
 * platforms asked for; the others stay away. Throws `NOT_FOUND` if there is none for one of them, and then the name stays as it was.
 */
export async function pullImage(cache: CacheContext, text: string, options: PullOptions = {}): Promise<PulledImage> {
  const { always = false, referrers, admit, signal, onProgress } = options
  const platforms = options.platforms === 'all' ? 'all' : platformTexts(options.platforms)
  const name = storeImageName(text)
  const operation = { signal, onProgress }
  const there = always ? undefined : await findComplete(cache, text, { platforms, signal })
  if (there !== undefined) return { name, target: there, isNew: false }
  const from = options.from ?? remoteOf(cache, text)
  const to = cache.stored.parseReference(text)
  const { upToDate } = await cache.copy(from, to, {
    ...operation,
    platforms,
    subset: 'sparse',
    referrers,
    async admit(image, admitOptions) {
      await admit?.(image, admitOptions)
      if (platforms !== 'all') await checkPlain(image, { ...admitOptions, platforms })
    },
  })
  const { target } = await findTarget(opened(cache.store, to, parseLocation(text)), operation)
  return { name, target, isNew: !upToDate }
}

export interface FindCompleteOptions extends OperationOptions {
  /** Of an index: the platforms whose images have to be there, as patterns, or all. Default: linux on this machine's CPU. */
  readonly platforms?: 'all' | readonly string[] | undefined
}

/** What a name stands for, if all that the platforms need is in the store, undamaged; that counts as a use. */
export async function findComplete(
  cache: CacheContext,
  text: string,
  options: FindCompleteOptions = {},
): Promise<Descriptor | undefined> {
  const { digest } = parseLocation(text)
  const record = await recordOfName(cache, text, options)
  if (record === undefined || (digest !== undefined && record.target.digest !== digest)) return undefined
  const platforms = options.platforms === 'all' ? 'all' : platformTexts(options.platforms)
  if (!(await isComplete(cache, record.target, { ...options, platforms }))) return undefined
  await noteUse(cache.store.images, record.name, options)
  return record.target
}

interface CheckPlainOptions extends OperationOptions {
  readonly platforms: readonly string[]
}

/** An image that is no index is for one platform, which its configuration says: before its layers are fetched it is looked at. */
async function checkPlain(image: UnparsedImage, { platforms, ...operation }: CheckPlainOptions): Promise<void> {
  const { reference, instance } = image
  if (instance !== undefined || reference.openSource === undefined) return
  const { mediaType, digest, bytes } = await image.manifest(operation)
  await using source = await reference.openSource(operation)
  const platform = await platformOf(image, source)
  if (platform !== undefined) checkPlatform(platform, { mediaType, digest, size: bytes.byteLength }, platforms)
}
