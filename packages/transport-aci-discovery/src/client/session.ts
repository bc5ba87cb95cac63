import { createHttpClient, type HttpClient } from '@crossdock/http'
import type { DiscoveryOptions, ResolvedOptions } from '../options.ts'

/** What all names of one transport share. */
export interface Session {
  readonly options: ResolvedOptions
  readonly client: Pick<HttpClient, 'request'>
  close(): Promise<void>
}

export function createSession(given: DiscoveryOptions, options: ResolvedOptions): Session {
  const client = given.http ?? createClient(given, options)
  return {
    options,
    client,
    close: async () => {
      if (given.http === undefined) await client.close()
    },
  }
}

function createClient(given: DiscoveryOptions, options: ResolvedOptions): HttpClient {
  const { credentials, certificates, insecure } = options
  return createHttpClient({
    connectTimeoutMs: given.connectTimeoutMs,
    tlsTimeoutMs: given.connectTimeoutMs,
    headersTimeoutMs: given.headersTimeoutMs,
    idleBodyTimeoutMs: given.idleBodyTimeoutMs,
    maxAttempts: given.maxAttempts,
    retryDelayMs: given.retryDelayMs,
    proxy: given.proxy,
    trustedHosts: given.trustedHosts,
    userAgent: given.userAgent,
    credentials: ({ host, signal }) => credentials(host, undefined, { signal, challenged: true }),
    tls: async ({ host }) => {
      const found = await certificates(host)
      return insecure(host) ? { ...found, rejectUnauthorized: false } : found
    },
  })
}
