import type { OperationOptions } from '@crossdock/core'
import { createHttpClient, type Credentials, type HttpClient, type TlsOptions } from '@crossdock/http'
import type { DockerTransportOptions, ResolvedOptions } from '../options.ts'
import { userHost } from '../reference.ts'
import { apiUrl, type Attempt, attempted, createSchemeFinder, type SchemeFinder, type UrlScheme } from './scheme.ts'

/** How endpoints of one kind are spoken to: connections and tokens, and which of its hosts speak plain HTTP. */
export interface Channel {
  readonly http: HttpClient
  readonly schemes: SchemeFinder
  /** How the host of an API is spoken to; asks it if that is not known yet. */
  schemeOf(host: string, operation: OperationOptions | undefined): Promise<UrlScheme>
  /** Opens connections while the first answer is awaited: what comes next is asked for in parallel. */
  warm(host: string): void
}

/** What keeps endpoints apart, though they may be at one host. */
export interface ChannelKind {
  /** Certificates are not checked, and plain HTTP may be spoken. */
  readonly insecure: boolean
  /** It is at another host than the one that the user named, who gave one value as credentials for that one. */
  readonly foreign: boolean
}

export interface Channels {
  /** `host` is that of an API, with its port. */
  to(host: string, kind: ChannelKind): Channel
  close(): Promise<void>
}

const WARM_CONNECTIONS = 2

/**
 * What trusts more never shares a connection with what trusts less: one path of a host may be insecure while certificates are
 * checked for the rest of it.
 */
export function createChannels(options: DockerTransportOptions, resolved: ResolvedOptions): Channels {
  const channels = new Map<string, OpenChannel>()
  const { credentials } = options
  return {
    to(host, { insecure, foreign }) {
      const isAnonymous = foreign && credentials !== undefined && typeof credentials !== 'function'
      const key = `${insecure} ${isAnonymous}`
      const kept = isAnonymous ? { ...options, credentials: undefined } : options
      const channel = channels.get(key) ?? createChannel(kept, resolved)
      channels.set(key, channel)
      if (insecure) channel.insecureHosts.add(userHost(host))
      return channel
    },
    close: async () => {
      if (options.http === undefined) await Promise.all([...channels.values()].map(({ http }) => http.close()))
    },
  }
}

interface OpenChannel extends Channel {
  readonly insecureHosts: Set<string>
}

function createChannel(options: DockerTransportOptions, resolved: ResolvedOptions): OpenChannel {
  const insecureHosts = new Set<string>()
  const said = (host: string): boolean | undefined => resolved.insecure(host) ?? (insecureHosts.has(host) || undefined)
  const insecure = (host: string): boolean => said(host) ?? false
  const http = options.http ?? createHttpClient(clientOptions(options, insecure))
  const schemes = createSchemeFinder({
    insecure: (host) => said(userHost(host)),
    // Connections that were begun for plain HTTP are of no use any more.
    onFound: (host, scheme) => (scheme === 'https' ? http.cool(apiUrl('http', host)) : undefined),
  })
  return {
    insecureHosts,
    http,
    schemes,
    schemeOf: async (host, operation) => {
      const ping: Attempt = (scheme, how) => {
        const what = `the registry ${userHost(host)}`
        return http.request(attempted({ method: 'GET', url: apiUrl(scheme, host), what, anonymous: true }, how))
      }
      return await schemes.find(host, ping, operation?.signal)
    },
    warm: (host) => http.warm(apiUrl(schemes.known(host) ?? 'http', host), WARM_CONNECTIONS),
  }
}

type ClientOptions = NonNullable<Parameters<typeof createHttpClient>[0]>

function clientOptions(options: DockerTransportOptions, insecure: (host: string) => boolean): ClientOptions {
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
    tls: (url) => tlsFor(userHost(url.host), options, insecure),
    credentials: ({ host, repository, signal }): Credentials | undefined | Promise<Credentials | undefined> =>
      typeof credentials === 'function' ? credentials(userHost(host), repository, { signal }) : credentials,
  }
}

async function tlsFor(
  host: string,
  { certificates }: DockerTransportOptions,
  insecure: (host: string) => boolean,
): Promise<TlsOptions | undefined> {
  const given = typeof certificates === 'function' ? await certificates(host) : certificates
  return insecure(host) ? { ...given, rejectUnauthorized: false } : given
}
