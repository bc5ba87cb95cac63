import type { CopyOptions } from '@crossdock/copy'
import { type Descriptor, ImageError } from '@crossdock/core'
import { checkImage, childrenOf, formatPlatform, isAttestation, parsePlatform } from '@crossdock/formats'
import type { Store } from '@crossdock/store'
import type { Operation } from '../invocation.ts'
import { findImage } from './find-image.ts'
import { storedDocuments } from './stored-documents.ts'

/** An image of a store, and what of it is wanted. */
export interface WantedImage {
  readonly name: string
  readonly platforms: CopyOptions['platforms']
}

/**
 * What a name of the store stands for, if everything of it that is wanted is there. Undefined if not, or if platforms are chosen by a
 * pattern: what they stand for only a look at the index of today can tell.
 */
export async function isThere(
  store: Store,
  { name, platforms }: WantedImage,
  operation: Operation,
): Promise<Descriptor | undefined> {
  const wanted = platforms === 'all' || platforms === undefined ? [undefined] : platforms
  if (wanted.some((text) => text?.includes('*'))) return undefined
  try {
    const { target } = await findImage(store, name, operation)
    for (const platform of wanted) if (!(await hasAllOf(store, target, { platform, operation }))) return undefined
    return target
  } catch (error) {
    if (error instanceof ImageError && error.code === 'NOT_FOUND') return undefined
    throw error
  }
}

interface HasAllOptions {
  readonly platform: string | undefined
  readonly operation: Operation
}

async function hasAllOf(store: Store, target: Descriptor, { platform, operation }: HasAllOptions): Promise<boolean> {
  const { missing } = await checkImage(target, {
    read: storedDocuments(store),
    has: ({ digest }) => store.content.has(digest, operation),
    platform: platform === undefined ? undefined : parsePlatform(platform),
    untilMissing: true,
    signal: operation.signal,
  })
  return missing.length === 0
}

/**
 * What of an image of the store can be sent: all of it, or of an index the platforms whose manifests are there. Undefined if it is no
 * index. Throws `NOT_FOUND`.
 */
export async function presentPlatforms(
  store: Store,
  name: string,
  operation: Operation,
): Promise<CopyOptions['platforms']> {
  const { target } = await findImage(store, name, operation)
  const top = await storedDocuments(store)(target, { depth: 0, signal: operation.signal })
  if (top?.kind !== 'index') return undefined
  const children = childrenOf(top)
  const present = await Promise.all(children.map(({ digest }) => store.content.has(digest, operation)))
  if (present.every(Boolean)) return 'all'
  const platforms = [...new Set(children.filter((_, at) => present[at]).flatMap(platformOf))]
  if (platforms.length > 0) return platforms
  throw new ImageError('NOT_FOUND', `the store has no image of the index ${target.digest}; pull one first`)
}

function platformOf(child: Descriptor): readonly string[] {
  return child.platform === undefined || isAttestation(child) ? [] : [formatPlatform(child.platform)]
}
