import type { Descriptor, Platform } from '@crossdock/core'
import { childrenHandler, type DocumentReader } from './documents.ts'
import { onePlatform } from './filter-platforms.ts'
import { walk } from './walk.ts'

export interface ImageSizeOptions {
  readonly read: DocumentReader
  /** Default: all platforms together. */
  readonly platform?: Platform | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Bytes of all that an image reaches, documents and foreign layers included, as its descriptors say; content that is needed several
 * times counts once. Throws what `read` throws, and what `selectInstance` throws if there is no image for the platform.
 */
export async function imageSize(root: Descriptor, { read, platform, signal }: ImageSizeOptions): Promise<number> {
  const children = childrenHandler(read)
  const sizes = new Map<string, number>()
  for await (const { digest, size } of walk([root], platform ? onePlatform(children, platform) : children, {
    signal,
  })) {
    sizes.set(digest, size)
  }
  return [...sizes.values()].reduce((total, size) => total + size, 0)
}
