import type { Digest } from '@crossdock/core'

/** Where blobs were seen in this session, so that a repository can take one over from a neighbour. */
export interface KnownBlobs {
  add(blob: { readonly host: string; readonly repository: string; readonly digest: Digest }): void
  /** A repository of the host other than this one that has the blob. */
  neighbour(blob: { readonly host: string; readonly repository: string; readonly digest: Digest }): string | undefined
}

const MAX_ENTRIES = 20_000

/** Remembers the latest repository of each blob at each host; the oldest entries are forgotten. */
export function createKnownBlobs(): KnownBlobs {
  const latest = new Map<string, string>()
  return {
    add: ({ host, repository, digest }) => {
      const key = `${host} ${digest}`
      latest.delete(key)
      latest.set(key, repository)
      const [oldest] = latest.size > MAX_ENTRIES ? latest.keys() : []
      if (oldest !== undefined) latest.delete(oldest)
    },
    neighbour: ({ host, repository, digest }) => {
      const known = latest.get(`${host} ${digest}`)
      return known === repository ? undefined : known
    },
  }
}
