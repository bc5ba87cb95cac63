import type { OperationOptions } from '@crossdock/core'
import { createHttpClient, type Credentials, type HttpClient, type TlsOptions } from '@crossdock/http'
import { createInFlight, type InFlight, type Limiter } from '@crossdock/streams'
import type { DockerTransportOptions, ResolvedOptions } from '../options.ts'
import { resolveOptions } from '../options.ts'
import { userHost } from '../reference.ts'
import { createKnownBlobs, type KnownBlobs } from './known-blobs.ts'
import { apiUrl, type Attempt, attempted, createSchemeFinder, type SchemeFinder, type UrlScheme } from './scheme.ts'
import { defaultJournalFolder, folderJournal } from './upload/folder-journal.ts'
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
}

/** What all images of one transport share: connections, tokens, what was learnt, and work under way. */
export interface Session {
  readonly options: ResolvedOptions
  readonly http: HttpClient
  readonly journal: UploadJournal
  readonly knownBlobs: KnownBlobs
  /** Uploads under way, by host, repository and digest. */
  readonly uploads: InFlight<string, void>
  /** Updates of referrer lists under way, by host, repository and subject: one after the other. */
  readonly listUpdates: Map<string, Limiter>
  /** By host as users type it. */
  lore(host: string): HostLore
  readonly schemes: SchemeFinder
  /** How the host of an API is spoken to; asks it if that is not known yet. */
  schemeOf(host: string, operation: OperationOptions | undefined): Promise<UrlScheme>
  /** Opens connections while the first answer is awaited: what comes next is asked for in parallel. */
  warm(host: string): void
  close(): Promise<void>
}

const WARM_CONNECTIONS = 2

export function createSession(options: DockerTransportOptions): Session {
  const resolved = resolveOptions(options)
  const http = options.http ?? createHttpClient(clientOptions(options, resolved))
  const schemes = createSchemeFinder({
    insecure: (host) => resolved.insecure(userHost(host)) ?? false,
    // Connections that were begun for plain HTTP are of no use any more.
    onFound: (host, scheme) => (scheme === 'https' ? http.cool(apiUrl('http', host)) : undefined),
  })
  const lore = new Map<string, HostLore>()
  return {
    options: resolved,
    http,
    journal: journalOf(options, resolved),
    knownBlobs: createKnownBlobs(),
    uploads: createInFlight(),
    listUpdates: new Map(),
    lore: (host) => {
      const known = lore.get(host) ?? {
        ...resolved.host(host),
        monolithicOnly: false,
        referrersApi: undefined,
      }
      lore.set(host, known)
      return known
    },
    schemes,
    schemeOf: async (host, operation) => {
      const ping: Attempt = (scheme, how) => {
        const what = `the registry ${userHost(host)}`
        return http.request(attempted({ method: 'GET', url: apiUrl(scheme, host), what, anonymous: true }, how))
      }
      return await schemes.find(host, ping, operation?.signal)
    },
    warm: (host) => http.warm(apiUrl(schemes.known(host) ?? 'http', host), WARM_CONNECTIONS),
    close: async () => {
      if (options.http === undefined) await http.close()
    },
  }
}

/** Without `resume` uploads go on within the process alone. */
function journalOf({ journal }: DockerTransportOptions, { resume }: ResolvedOptions): UploadJournal {
  if (!resume) return memoryJournal()
  return journal ?? folderJournal(defaultJournalFolder())
}

type ClientOptions = NonNullable<Parameters<typeof createHttpClient>[0]>

function clientOptions(options: DockerTransportOptions, resolved: ResolvedOptions): ClientOptions {
  const { credentials } = options
  return {
    connectTimeoutMs: options.connectTimeoutMs,
    tlsTimeoutMs: options.connectTimeoutMs,
    headersTimeoutMs: options.headersTimeoutMs,
    idleBodyTimeoutMs: options.idleBodyTimeoutMs,
    proxy: options.proxy,
    trustedHosts: options.trustedHosts,
    userAgent: options.userAgent,
    maxAttempts: options.maxAttempts,
    requestsPerHost: options.requestsPerHost,
    tls: (url) => tlsFor(userHost(url.host), options, resolved),
    credentials: ({ host, repository, signal }): Credentials | undefined | Promise<Credentials | undefined> =>
      typeof credentials === 'function' ? credentials(userHost(host), repository, { signal }) : credentials,
  }
}

async function tlsFor(
  host: string,
  { certificates }: DockerTransportOptions,
  resolved: ResolvedOptions,
): Promise<TlsOptions | undefined> {
  const given = typeof certificates === 'function' ? await certificates(host) : certificates
  return resolved.insecure(host) === true ? { ...given, rejectUnauthorized: false } : given
}
