import type { CopyOptions } from '@crossdock/copy'
import type { Descriptor } from '@crossdock/core'
import { childrenOf, formatPlatform, isAttestation } from '@crossdock/formats'
import type { Call } from '../endpoints.ts'
import { findImage } from './find-image.ts'
import { withStore } from './open-store.ts'
import { storedDocuments } from './stored-documents.ts'

/**
 * What of an image of the store can be sent: all of it, or of an index the platforms whose manifests are there. Undefined if it is no
 * index. Throws `NOT_FOUND`.
 */
export async function presentPlatforms(call: Call, name: string): Promise<CopyOptions['platforms']> {
  return await withStore(call, async (store) => {
    const { target } = await findImage(store, name, call.operation)
    const top = await storedDocuments(store)(target, { depth: 0, signal: call.operation.signal })
    if (top?.kind !== 'index') return undefined
    const children = childrenOf(top)
    const isThere = await Promise.all(children.map(({ digest }) => store.content.has(digest, call.operation)))
    if (isThere.every(Boolean)) return 'all'
    return [...new Set(children.filter((_, at) => isThere[at]).flatMap(platformOf))]
  })
}

function platformOf(child: Descriptor): readonly string[] {
  return child.platform === undefined || isAttestation(child) ? [] : [formatPlatform(child.platform)]
}
