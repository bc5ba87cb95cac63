import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import {
  archiveReadChecks,
  type ArchiveReadOptions,
  type ResolvedReadOptions,
  resolveReadOptions,
} from '@crossdock/archive'
import {
  booleanOption,
  defineOptions,
  methodsOption,
  objectOption,
  optionCheck,
  type OptionsDefinition,
  orFunction,
  positiveOption,
  textOption,
  textsOption,
} from '@crossdock/core'
import type {
  AwsCredentials,
  Certificates,
  CertificatesLookup,
  Clock,
  Credentials,
  CredentialsLookupOptions,
  HttpClient,
  ProxyOptions,
} from '@crossdock/http'
import type { HttpRecords } from './client/records.ts'

/** What proves who the user is to a server of files; with keys of AWS each request is signed. */
export type HttpCredentials = Credentials | AwsCredentials

/** Asked for the host of a URL, with its port unless that is the scheme's own. It is never asked for a repository. */
export type CredentialsLookup = (
  host: string,
  repository: undefined,
  options?: CredentialsLookupOptions,
) => HttpCredentials | undefined | Promise<HttpCredentials | undefined>

/** Options of `http:` and `https:`. */
export interface HttpTransportOptions extends ArchiveReadOptions {
  /**
   * One value for every host that is named, which goes with the first request, or a lookup. They go over https alone, and along with no redirect to another
   * host. Identity tokens are for registries and are not used. Default: anonymous.
   */
  readonly credentials?: HttpCredentials | CredentialsLookup | undefined
  /** Default: Node's certificate authorities and no client certificate. */
  readonly certificates?: Certificates | CertificatesLookup | undefined
  /**
   * Hosts whose certificate is not checked, and that may be named with `http:`. Loopback hosts may be without this. Default: false.
   */
  readonly insecure?: boolean | ((host: string) => boolean | undefined) | undefined
  /**
   * Whether an interrupted download is kept and gone on with in a later process, and a finished one is read again as long as it is current. With false
   * everything is downloaded from its beginning. Default: true.
   */
  readonly resume?: boolean | undefined
  /**
   * The folder of archives that were downloaded. Default: `$XDG_CACHE_HOME/crossdock/http` (`%LOCALAPPDATA%` on Windows, else `~/.cache`).
   */
  readonly cacheFolder?: string | undefined
  /** What is known of archives that were downloaded. Default: small files in the cache folder. */
  readonly records?: HttpRecords | undefined
  /** The most bytes that an archive may have as it is sent. Default: 64 GiB. */
  readonly maxArchiveBytes?: number | undefined
  /** Until TCP is connected, and again until TLS is agreed. Default: 10 000. */
  readonly connectTimeoutMs?: number | undefined
  /** Until the head of an answer. Default: 60 000. */
  readonly headersTimeoutMs?: number | undefined
  /** Between two pieces of an answer's body. Default: 60 000. */
  readonly idleBodyTimeoutMs?: number | undefined
  /** How often a request is sent at most, and how often in a row a download may bring nothing new. Default: 4. */
  readonly maxAttempts?: number | undefined
  /** The pause before the second attempt; later ones are longer. Default: 500. */
  readonly retryDelayMs?: number | undefined
  /** False for none. Default: the environment's. */
  readonly proxy?: ProxyOptions | false | undefined
  /** Private addresses that a public server may redirect to, as `host` or `host:port`. Default: none. */
  readonly trustedHosts?: readonly string[] | undefined
  /** Default: `crossdock`. */
  readonly userAgent?: string | undefined
  /**
   * A client to share with others; it is not closed with the transport. TLS, time-outs, proxy and user agent are then its own, and the options of these
   * names here are not used. Default: one of the transport's own.
   */
  readonly http?: HttpClient | undefined
  /** Default: the system's. */
  readonly clock?: Pick<Clock, 'now'> | undefined
}

export interface ResolvedOptions extends ResolvedReadOptions {
  readonly credentials: CredentialsLookup
  readonly certificates: CertificatesLookup
  readonly insecure: (host: string) => boolean
  readonly resume: boolean
  readonly cacheFolder: string
  /** Undefined: in the cache folder. */
  readonly records: HttpRecords | undefined
  readonly maxArchiveBytes: number
  readonly maxAttempts: number | undefined
  readonly retryDelayMs: number | undefined
  readonly clock: Pick<Clock, 'now'>
}

const DEFAULT_MAX_ARCHIVE_BYTES = 64 * 1024 ** 3

/** What options that come from a file or a command line have to be. */
export const httpDefinition: OptionsDefinition<HttpTransportOptions> = defineOptions<HttpTransportOptions>('http', {
  ...archiveReadChecks,
  credentials: orFunction(objectOption),
  certificates: orFunction(objectOption),
  insecure: orFunction(booleanOption),
  resume: booleanOption,
  cacheFolder: optionCheck('the path of a folder', (value) => typeof value === 'string' && value !== ''),
  records: methodsOption('get', 'put'),
  maxArchiveBytes: positiveOption,
  connectTimeoutMs: positiveOption,
  headersTimeoutMs: positiveOption,
  idleBodyTimeoutMs: positiveOption,
  maxAttempts: positiveOption,
  retryDelayMs: optionCheck('a number from 0', (value) => typeof value === 'number' && value >= 0),
  proxy: (value, path) => (value === false ? [] : objectOption(value, path)),
  trustedHosts: textsOption,
  userAgent: textOption,
  http: methodsOption('request', 'close'),
  clock: methodsOption('now'),
})

/** Applies the defaults, once. Throws `INVALID_DATA` for values that make no sense. */
export function resolveOptions(options: HttpTransportOptions): ResolvedOptions {
  httpDefinition.check(options)
  const { credentials, certificates, insecure = false } = options
  return Object.freeze<ResolvedOptions>({
    ...resolveReadOptions(options),
    credentials: typeof credentials === 'function' ? credentials : () => credentials,
    certificates: typeof certificates === 'function' ? certificates : () => certificates,
    insecure: (host) => (typeof insecure === 'function' ? (insecure(host) ?? false) : insecure),
    resume: options.resume ?? true,
    cacheFolder: resolve(options.cacheFolder ?? defaultCacheFolder(process.env)),
    records: options.records,
    maxArchiveBytes: options.maxArchiveBytes ?? DEFAULT_MAX_ARCHIVE_BYTES,
    maxAttempts: options.maxAttempts,
    retryDelayMs: options.retryDelayMs,
    clock: options.clock ?? Date,
  })
}

function defaultCacheFolder(env: Readonly<Record<string, string | undefined>>): string {
  const cache = process.platform === 'win32' ? env['LOCALAPPDATA'] : env['XDG_CACHE_HOME']
  return join(cache === undefined || cache === '' ? join(homedir(), '.cache') : cache, 'crossdock', 'http')
}
