import type { CopyOptions } from '@crossdock/copy'
import { type Descriptor, ImageError } from '@crossdock/core'
import { childrenOf, formatPlatform, isAttestation } from '@crossdock/formats'
import type { Store } from '@crossdock/store'
import type { Operation } from '../invocation.ts'
import { findImage } from './find-image.ts'
import { storedDocuments } from './stored-documents.ts'

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
