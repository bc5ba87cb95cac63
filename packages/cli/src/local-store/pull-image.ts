import type { CopyOptions } from '@crossdock/copy'
import { type Descriptor, ImageError } from '@crossdock/core'
import { checkImage, hostPlatform, parsePlatform, formatPlatform } from '@crossdock/formats'
import { copyOptions } from '../copy-flags.ts'
import type { Call } from '../endpoints.ts'
import { type Flags, isSet, listFlag } from '../flags.ts'
import { platformFlag } from '../platform-flags.ts'
import { findImage } from './find-image.ts'
import { withStore } from './open-store.ts'
import { storedDocuments } from './stored-documents.ts'

/** How an image is brought into a store: an index whole, with the platforms that are wanted. */
export async function pullOptions(flags: Flags): Promise<CopyOptions> {
  const { platform: _, ...options } = await copyOptions(flags)
  if (isSet(flags, 'all')) return options
  const named = listFlag(flags, 'platform')
  const one = (await platformFlag(flags)) ?? formatPlatform(hostPlatform())
  return { ...options, platforms: named.length > 0 ? named : [one], subset: 'sparse' }
}

/**
 * What a name of the store stands for, if everything of it that is wanted is there, each file with its size. Undefined if not, or if
 * platforms are chosen by a pattern: what they stand for only a look at the index can tell.
 */
export async function isThere(
  call: Call,
  { name, options: { platforms } }: { readonly name: string; readonly options: CopyOptions },
): Promise<Descriptor | undefined> {
  const { signal } = call.operation
  try {
    return await withStore(call, async (store) => {
      const { target } = await findImage(store, name, call.operation)
      const read = storedDocuments(store)
      const has = ({ digest }: Descriptor): Promise<boolean> => store.content.has(digest, call.operation)
      const wanted = platforms === 'all' || platforms === undefined ? [undefined] : platforms
      for (const text of wanted) {
        if (text?.includes('*') === true) return undefined
        const platform = text === undefined ? undefined : parsePlatform(text)
        const { missing } = await checkImage(target, { read, has, platform, untilMissing: true, signal })
        if (missing.length > 0) return undefined
      }
      return target
    })
  } catch (error) {
    if (error instanceof ImageError && error.code === 'NOT_FOUND') return undefined
    throw error
  }
}
