import type { Digest } from '@crossdock/core'

/** A blob in a repository. */
export interface BlobLocation {
  /** Host as users type it, `registry.example.com:5000`. */
  readonly host: string
  readonly repository: string
  readonly digest: Digest
}

/**
 * Where blobs were seen, so that a repository can take one over from a neighbour instead of being sent it. What it says is a hint: the
 * registry decides, and an old one costs nothing. Implementations do not throw for trouble with their storage.
 */
export interface KnownLocations {
  add(location: BlobLocation): void
  /** A repository of the host other than this one that had the blob. */
  neighbour(location: BlobLocation): Promise<string | undefined>
  /** Keeps what was added for later processes, if the implementation does that. */
  flush(): Promise<void>
}

const MAX_ENTRIES = 20_000

/** Remembers the latest repository of each blob at each host for as long as the value lives; the oldest entries are forgotten. */
export function memoryLocations(): KnownLocations {
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
      return Promise.resolve(known === repository ? undefined : known)
    },
    flush: () => Promise.resolve(),
  }
}
