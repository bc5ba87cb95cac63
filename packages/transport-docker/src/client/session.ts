import { createInFlight, type InFlight, type Limiter } from '@crossdock/streams'
import type { DockerTransportOptions, ResolvedOptions } from '../options.ts'
import { resolveOptions } from '../options.ts'
import { type Channels, createChannels } from './channel.ts'
import { createHealth, type Health } from './health.ts'
import { cacheFolder } from './cache-folder.ts'
import { folderLocations } from './locations/folder-locations.ts'
import { type KnownLocations, memoryLocations } from './locations/known-locations.ts'
import { folderJournal } from './upload/folder-journal.ts'
import { memoryJournal, type UploadJournal } from './upload/journal.ts'

/** What was learnt of a registry, besides what options say. */
export interface HostLore {
  /** Undefined: adapts. */
  chunkBytes: number | undefined
  chunkFromBytes: number
  /** HEAD is answered for what it is. */
  readonly head: boolean
  /** Chunks are refused here: everything goes in one request. */
  monolithicOnly: boolean
  /** Whether parts of blobs can be asked for; true until it turns out otherwise. */
  ranges: boolean
  /** Whether the registry has a referrers API; undefined if nobody asked yet. */
  referrersApi: boolean | undefined
  /** Whether it announces that it keeps signatures beside images; seen in every answer of a registry that does. */
  signatureExtension: boolean
}

/** What all images of one transport share: connections, tokens, what was learnt, and work under way. */
export interface Session {
  readonly options: ResolvedOptions
  readonly channels: Channels
  /** Which hosts failed lately. */
  readonly health: Health
  readonly journal: UploadJournal
  readonly locations: KnownLocations
  /** Repositories, by host and name, that may not be taken over from. */
  readonly closed: Set<string>
  /** Uploads under way, by host, repository and digest. */
  readonly uploads: InFlight<string, void>
  /** Updates of tags that several add to, by host, repository and tag: one after the other. */
  readonly tagUpdates: Map<string, Limiter>
  /** By host as users type it. */
  lore(host: string): HostLore
  close(): Promise<void>
}

export function createSession(options: DockerTransportOptions): Session {
  const resolved = resolveOptions(options)
  const channels = createChannels(options, resolved)
  const locations = locationsOf(options)
  const lore = new Map<string, HostLore>()
  return {
    options: resolved,
    channels,
    health: createHealth(),
    journal: journalOf(options, resolved),
    locations,
    closed: new Set(),
    uploads: createInFlight(),
    tagUpdates: new Map(),
    lore: (host) => {
      const known = lore.get(host) ?? {
        ...resolved.host(host),
        monolithicOnly: false,
        referrersApi: undefined,
        signatureExtension: false,
      }
      lore.set(host, known)
      return known
    },
    close: async () => {
      await locations.flush()
      await channels.close()
    },
  }
}

/** Without `resume` uploads go on within the process alone. */
function journalOf({ journal }: DockerTransportOptions, { resume }: ResolvedOptions): UploadJournal {
  if (!resume) return memoryJournal()
  return journal ?? folderJournal(cacheFolder('uploads'))
}

function locationsOf({ locations = memoryLocations() }: DockerTransportOptions): KnownLocations {
  return locations === true ? folderLocations(cacheFolder('locations')) : locations
}
