import {
  booleanOption,
  defineOptions,
  type ImageReference,
  methodsOption,
  objectOption,
  optionCheck,
  type OptionsDefinition,
  orFunction,
  positiveOption,
  textOption,
  textsOption,
  type Platform,
} from '@crossdock/core'
import { hostPlatform } from '@crossdock/formats'
import type {
  Certificates,
  CertificatesLookup,
  Credentials,
  CredentialsLookupOptions,
  HttpClient,
  ProxyOptions,
} from '@crossdock/http'

/** Asked for the host of a page, with its port unless that is the scheme's own, and only after the server has asked for credentials (401). */
export type CredentialsLookup = (
  host: string,
  repository: undefined,
  options?: CredentialsLookupOptions,
) => Credentials | undefined | Promise<Credentials | undefined>

/** How pages are asked for. */
export interface DiscoveryOptions {
  /** One value for every host, or a lookup. They go over https alone, and along with no redirect to another host. Default: anonymous. */
  readonly credentials?: Credentials | CredentialsLookup | undefined
  /** Default: Node's certificate authorities and no client certificate. */
  readonly certificates?: Certificates | CertificatesLookup | undefined
  /** Hosts whose certificate is not checked. Default: false. */
  readonly insecure?: boolean | ((host: string) => boolean | undefined) | undefined
  /** Hosts that are asked over plain http where https gives no page. Default: false. */
  readonly plainHttp?: boolean | ((host: string) => boolean | undefined) | undefined
  /** Of the servers that have the pages. Default: the scheme's own. */
  readonly port?: number | undefined
  /** What is looked for where a name has no labels `os` and `arch`. Default: linux on this machine's CPU. */
  readonly platform?: Platform | undefined
  /** The most bytes that a page may have. Default: 1 MiB. */
  readonly maxPageBytes?: number | undefined
  /** For one page with all its redirects and attempts. Default: 60 000. */
  readonly pageTimeoutMs?: number | undefined
  /** Until TCP is connected, and again until TLS is agreed. Default: 10 000. */
  readonly connectTimeoutMs?: number | undefined
  /** Until the head of an answer. Default: 60 000. */
  readonly headersTimeoutMs?: number | undefined
  /** Between two pieces of an answer's body. Default: 60 000. */
  readonly idleBodyTimeoutMs?: number | undefined
  /** How often a page is asked for at most. Default: 4. */
  readonly maxAttempts?: number | undefined
  /** The pause before the second attempt; later ones are longer. Default: 500. */
  readonly retryDelayMs?: number | undefined
  /** False for none. Default: the environment's. */
  readonly proxy?: ProxyOptions | false | undefined
  /** Private addresses that a public server may redirect or lead to, as `host` or `host:port`. Default: none. */
  readonly trustedHosts?: readonly string[] | undefined
  /** Default: `crossdock`. */
  readonly userAgent?: string | undefined
  /**
   * A client to share with others; it is not closed with the transport. TLS, credentials, time-outs, proxy and user agent are then its own. Default: one of
   * the transport's own.
   */
  readonly http?: Pick<HttpClient, 'request' | 'close'> | undefined
}

/** Options of `appc:`. */
export interface AciDiscoveryTransportOptions extends DiscoveryOptions {
  /**
   * The image in the archive behind a URL, http or https: what a name is read through. Told where the archive's detached signature lies, if a page says so.
   */
  readonly archives: (url: URL, signature: URL | undefined) => ImageReference
}

export interface ResolvedOptions {
  readonly credentials: CredentialsLookup
  readonly certificates: CertificatesLookup
  readonly insecure: (host: string) => boolean
  readonly plainHttp: (host: string) => boolean
  readonly port: number | undefined
  readonly platform: Platform
  readonly maxPageBytes: number
  readonly pageTimeoutMs: number
  readonly trustedHosts: readonly string[]
}

const discoveryChecks = {
  credentials: orFunction(objectOption),
  certificates: orFunction(objectOption),
  insecure: orFunction(booleanOption),
  plainHttp: orFunction(booleanOption),
  port: optionCheck('a port', (value) => Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536),
  platform: objectOption,
  maxPageBytes: positiveOption,
  pageTimeoutMs: positiveOption,
  connectTimeoutMs: positiveOption,
  headersTimeoutMs: positiveOption,
  idleBodyTimeoutMs: positiveOption,
  maxAttempts: positiveOption,
  retryDelayMs: optionCheck('a number from 0', (value) => typeof value === 'number' && value >= 0),
  proxy: (value: unknown, path: readonly string[]) => (value === false ? [] : objectOption(value, path)),
  trustedHosts: textsOption,
  userAgent: textOption,
  http: methodsOption('request', 'close'),
}

const discoveryDefinition: OptionsDefinition<DiscoveryOptions> = defineOptions<DiscoveryOptions>(
  'appc',
  discoveryChecks,
)
const transportDefinition: OptionsDefinition<AciDiscoveryTransportOptions> =
  defineOptions<AciDiscoveryTransportOptions>('appc', {
    ...discoveryChecks,
    archives: optionCheck('a function', (value) => typeof value === 'function'),
  })

/** Applies the defaults, once. Throws `INVALID_DATA` for values that make no sense. */
export function resolveOptions(options: DiscoveryOptions | AciDiscoveryTransportOptions): ResolvedOptions {
  if ('archives' in options) transportDefinition.check(options)
  else discoveryDefinition.check(options)
  const { credentials, certificates } = options
  return Object.freeze<ResolvedOptions>({
    credentials: typeof credentials === 'function' ? credentials : () => credentials,
    certificates: typeof certificates === 'function' ? certificates : () => certificates,
    insecure: byHost(options.insecure),
    plainHttp: byHost(options.plainHttp),
    port: options.port,
    platform: options.platform ?? hostPlatform(),
    maxPageBytes: options.maxPageBytes ?? 1024 * 1024,
    pageTimeoutMs: options.pageTimeoutMs ?? 60_000,
    trustedHosts: options.trustedHosts ?? [],
  })
}

function byHost(value: DiscoveryOptions['insecure'] = false): (host: string) => boolean {
  return (host) => (typeof value === 'function' ? (value(host) ?? false) : value)
}
