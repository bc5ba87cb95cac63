import { join } from 'node:path'
import type { Digest } from '@crossdock/core'
import { createHttpClient, type HttpClient, type TlsOptions } from '@crossdock/http'
import { createInFlight, type InFlight } from '@crossdock/streams'
import { type ContentFolder, contentFolder } from './content-folder.ts'
import type { FetchedArchive } from './fetch-archive.ts'
import { createHttpOperations, type HttpOperations } from './http-operations.ts'
import type { HttpTransportOptions, ResolvedOptions } from '../options.ts'
import { fileRecords, type HttpRecords } from './records.ts'

/** What all references of one transport share: connections, the cache, and fetches under way. */
export interface Session {
  readonly options: ResolvedOptions
  readonly operations: HttpOperations
  readonly records: HttpRecords
  readonly contents: ContentFolder
  /** The folder of downloads under way. */
  readonly partFolder: string
  /** By URL. */
  readonly fetches: InFlight<string, FetchedArchive>
  /** Contents that were put together from several answers, and are to be proved by what is in them. */
  readonly joined: Set<Digest>
  close(): Promise<void>
}

export function createSession(given: HttpTransportOptions, options: ResolvedOptions): Session {
  const client = given.http ?? createClient(given, options)
  const { cacheFolder, credentials } = options
  return {
    options,
    operations: createHttpOperations({ client, credentials }),
    records: options.records ?? fileRecords(join(cacheFolder, 'records')),
    contents: contentFolder(join(cacheFolder, 'contents')),
    partFolder: join(cacheFolder, 'parts'),
    fetches: createInFlight(),
    joined: new Set(),
    close: async () => {
      if (given.http === undefined) await client.close()
    },
  }
}

function createClient(given: HttpTransportOptions, options: ResolvedOptions): HttpClient {
  const { connectTimeoutMs, headersTimeoutMs, idleBodyTimeoutMs, proxy, trustedHosts, userAgent, maxAttempts } = given
  return createHttpClient({
    connectTimeoutMs,
    tlsTimeoutMs: connectTimeoutMs,
    headersTimeoutMs,
    idleBodyTimeoutMs,
    proxy,
    trustedHosts,
    userAgent,
    maxAttempts,
    retryDelayMs: given.retryDelayMs,
    tls: (url) => tlsFor(url, options),
  })
}

async function tlsFor({ host }: URL, { certificates, insecure }: ResolvedOptions): Promise<TlsOptions | undefined> {
  const found = await certificates(host)
  return insecure(host) ? { ...found, rejectUnauthorized: false } : found
}
