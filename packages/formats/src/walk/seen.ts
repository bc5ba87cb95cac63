import type { Descriptor } from '@crossdock/core'

/**
 * Says of each descriptor whether it comes for the first time. The same content under two types is two things: one of them may
 * be a document and the other not.
 */
export function createSeen(): (descriptor: Descriptor) => boolean {
  const seen = new Set<string>()
  return ({ digest, mediaType }) => {
    const key = `${digest} ${mediaType}`
    if (seen.has(key)) return false
    seen.add(key)
    return true
  }
}
