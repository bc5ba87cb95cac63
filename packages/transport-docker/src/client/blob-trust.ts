import type { Digest } from '@crossdock/core'
import type { Endpoint } from './endpoint.ts'

/** Which endpoints gave which blobs, and which of them are not to be asked for one again because its bytes were others. */
export interface BlobTrust {
  gave(blob: Digest, endpoint: Endpoint): void
  distrusted(blob: Digest): ReadonlySet<Endpoint>
  /**
   * The bytes that were given since the last time were not those of the blob. True if somebody else can be asked. Where several had a
   * part in it the registry itself, the last one, is believed until it is alone.
   */
  distrust(blob: Digest): boolean
}

export function createBlobTrust(endpoints: readonly Endpoint[]): BlobTrust {
  const givers = new Map<Digest, Set<Endpoint>>()
  const refused = new Map<Digest, Set<Endpoint>>()
  const own = endpoints.at(-1)

  return {
    gave(blob, endpoint) {
      const known = givers.get(blob) ?? new Set()
      givers.set(blob, known.add(endpoint))
    },
    distrusted: (blob) => refused.get(blob) ?? new Set(),
    distrust(blob) {
      const given = givers.get(blob) ?? new Set()
      givers.delete(blob)
      const blamed = [...given].filter((endpoint) => given.size === 1 || endpoint !== own)
      const before = refused.get(blob) ?? new Set()
      const all = new Set([...before, ...blamed])
      const isSomebodyLeft = all.size > before.size && all.size < endpoints.length
      if (isSomebodyLeft) refused.set(blob, all)
      return isSomebodyLeft
    },
  }
}
