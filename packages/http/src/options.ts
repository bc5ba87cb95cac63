import { delay } from '@crossdock/streams'

/** What proves who the user is at one registry. */
export type Credentials = PasswordCredentials | IdentityTokenCredentials | RegistryTokenCredentials

export interface PasswordCredentials {
  readonly username: string
  readonly password: string
}

/** A refresh token (OAuth 2), exchanged at the token service for access tokens. */
export interface IdentityTokenCredentials {
  readonly identityToken: string
  /** For token services that take the identity token as a password only. Default: `<token>`. */
  readonly username?: string | undefined
}

/** A finished Bearer token, sent as it is. */
export interface RegistryTokenCredentials {
  readonly registryToken: string
}

/** For whom credentials are asked. */
export interface CredentialsQuery {
  /** Scheme, host and port: `https://registry.example.com:5000`. */
  readonly origin: string
  /** Host and, unless it is the scheme's own, port: `registry.example.com:5000`. */
  readonly host: string
  /** The repository concerned, `library/alpine`; undefined if the request concerns none. */
  readonly repository?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** Asked once for each origin and repository, and only for hosts that the user named. */
export type CredentialsProvider = (
  query: CredentialsQuery,
) => Credentials | undefined | Promise<Credentials | undefined>

/** PEM texts. */
export interface Certificates {
  /** Authorities to trust instead of the built-in ones. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined
  /** The client's certificate chain and its key; only together. */
  readonly cert?: string | Uint8Array | undefined
  readonly key?: string | Uint8Array | undefined
}

export type CertificatesLookup = (host: string) => Certificates | undefined | Promise<Certificates | undefined>

/** What whoever has credentials for several hosts is told. */
export interface CredentialsLookupOptions {
  readonly signal?: AbortSignal | undefined
  /** Whether the server has asked for credentials (401). What should go to nobody who does not ask is given only then. */
  readonly challenged?: boolean | undefined
}

export interface TlsOptions extends Certificates {
  /** False accepts any certificate. Default: true. */
  readonly rejectUnauthorized?: boolean | undefined
}

/** The TLS settings for a URL. Kept for each origin for as long as the client lives. */
export type TlsProvider = (url: URL) => TlsOptions | undefined | Promise<TlsOptions | undefined>

export interface ProxyOptions {
  /** Proxy for `http:` URLs. Default: the environment's `http_proxy` or `HTTP_PROXY`. */
  readonly http?: string | undefined
  /** Proxy for `https:` URLs. Default: the environment's `https_proxy` or `HTTPS_PROXY`. */
  readonly https?: string | undefined
  /**
   * Hosts reached without a proxy, separated by commas: names (subdomains included), `.suffix`, IP addresses, CIDR blocks, each
   * with an optional `:port`, or `*`. Default: the environment's `no_proxy` or `NO_PROXY`.
   */
  readonly noProxy?: string | undefined
}

/** Time, so that tests need not wait. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Resolves after the time; rejects with the signal's reason when it is aborted. */
  delay(ms: number, signal?: AbortSignal): Promise<void>
}

export interface HttpClientOptions {
  /** Default: none, every request is anonymous. */
  readonly credentials?: CredentialsProvider | undefined
  /** Default: Node's certificate authorities and no client certificate. */
  readonly tls?: TlsProvider | undefined
  /** False for none. Default: the environment's. Loopback hosts never go through a proxy. */
  readonly proxy?: ProxyOptions | false | undefined
  /**
   * Hosts, each with an optional `:port`, that a server may name although they are private or loopback addresses: for a
   * registry with a public name in front of a token service or storage on a private one. Default: none.
   */
  readonly trustedHosts?: readonly string[] | undefined
  /** Until TCP is connected. Default: 10 000. */
  readonly connectTimeoutMs?: number | undefined
  /** From there until TLS is agreed. Default: 10 000. */
  readonly tlsTimeoutMs?: number | undefined
  /** From the last byte of the request, or from where the server stopped taking them, to the answer's head. Default: 60 000. */
  readonly headersTimeoutMs?: number | undefined
  /** Between two pieces of the answer's body. Default: 60 000. */
  readonly idleBodyTimeoutMs?: number | undefined
  /** How often a request is sent at most. Default: 4. */
  readonly maxAttempts?: number | undefined
  /** The longest pause before an attempt, and the most that is waited for one request because `Retry-After` asks for it. Default: 60 000. */
  readonly maxRetryDelayMs?: number | undefined
  /** The pause before the second attempt; each further one is three times as long. Default: 500. */
  readonly retryDelayMs?: number | undefined
  /**
   * Requests to one host that wait for the head of their answer at once; uploads of streamed bodies are counted apart, so that
   * a copy within one host cannot block itself. Bodies that are being read do not count. Default: 16.
   */
  readonly requestsPerHost?: number | undefined
  /** Default: `crossdock`. */
  readonly userAgent?: string | undefined
  /** Default: the system's. */
  readonly clock?: Clock | undefined
  /** From 0 to below 1, for jitter. Default: `Math.random`. */
  readonly random?: (() => number) | undefined
  /** Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
}

export type ResolvedOptions = {
  readonly [Key in keyof HttpClientOptions]-?: Exclude<HttpClientOptions[Key], undefined>
}

const DEFAULTS = {
  credentials: (): undefined => undefined,
  tls: (): undefined => undefined,
  proxy: {},
  trustedHosts: [],
  connectTimeoutMs: 10_000,
  tlsTimeoutMs: 10_000,
  headersTimeoutMs: 60_000,
  idleBodyTimeoutMs: 60_000,
  maxAttempts: 4,
  maxRetryDelayMs: 60_000,
  retryDelayMs: 500,
  requestsPerHost: 16,
  userAgent: 'crossdock',
  clock: { now: () => Date.now(), delay },
  random: Math.random,
} satisfies HttpClientOptions

/** The only place where defaults are applied; an option that is undefined counts as left out. */
export function resolveOptions(options: HttpClientOptions): ResolvedOptions {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  return Object.freeze({ env: process.env, ...DEFAULTS, ...given })
}
