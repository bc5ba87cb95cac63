import { type DockerReference, MAX_MANIFEST_BYTES, type SignatureStorage } from '@crossdock/core'
import type { Certificates, CertificatesLookup, Credentials, HttpClient, ProxyOptions } from '@crossdock/http'
import type { KnownLocations } from './client/locations/known-locations.ts'
import type { UploadJournal } from './client/upload/journal.ts'
import type { RegistryLookup } from './registries.ts'

/** Asked once for each host and repository; `host` is the name that users type, `docker.io` for Docker Hub. */
export type CredentialsLookup = (
  host: string,
  repository: string | undefined,
  options?: { readonly signal?: AbortSignal | undefined },
) => Credentials | undefined | Promise<Credentials | undefined>

/** What one registry needs that others do not. */
export interface HostOptions {
  /**
   * Bytes in one request of an upload in chunks. Default: 4 MiB at ghcr.io, which refuses more; elsewhere 5 MiB at first, the
   * least that some storage services take, and then as many as go in about a second, 256 MiB at most.
   */
  readonly chunkBytes?: number | undefined
  /** Blobs below this go in one request and begin anew after an interruption. Infinity: all do. Default: 8 MiB. */
  readonly chunkFromBytes?: number | undefined
  /** False if the registry answers HEAD wrongly; GET is used instead. Default: true. */
  readonly head?: boolean | undefined
  /** Whether parts of one blob may be asked for at once where that makes it faster. Default: true. */
  readonly ranges?: boolean | undefined
}

export interface DockerTransportOptions {
  /**
   * One value for every registry that is named, or a lookup, which is asked for mirrors, too. A mirror at another host than the one
   * that is named never gets the one value. Default: anonymous.
   */
  readonly credentials?: Credentials | CredentialsLookup | undefined
  /** Mirrors, other locations and blocked registries. Default: none, an image is where its name says. */
  readonly registries?: RegistryLookup | undefined
  /**
   * Registries whose certificate is not checked and that may be spoken to in plain HTTP if they do not speak TLS. Of those at
   * `localhost`, 127.0.0.0/8 and ::1 plain HTTP is tried unless this is false. What is said here, mirrors included, wins over
   * `registries`. Default: what `registries` says.
   */
  readonly insecure?: boolean | ((host: string) => boolean | undefined) | undefined
  /** Default: Node's certificate authorities and no client certificate. */
  readonly certificates?: Certificates | CertificatesLookup | undefined
  /**
   * Where simple signatures lie that a registry does not keep itself. Default: nowhere, there are none and none can be written.
   */
  readonly signatureStorage?: SignatureStorage | undefined
  /**
   * Images beside which sigstore signatures are read and written, in their repository: under the tag `sha256-….sig`, and as bundles that refer to
   * them. Default: none.
   */
  readonly sigstoreAttachments?: boolean | ((image: DockerReference) => boolean | Promise<boolean>) | undefined
  /** Whether interrupted uploads are remembered in `journal` and gone on with in a later process. Default: true. */
  readonly resume?: boolean | undefined
  /**
   * Where open uploads are remembered. Default: a folder, `$XDG_CACHE_HOME/crossdock/uploads` (`%LOCALAPPDATA%` on Windows,
   * else `~/.cache`).
   */
  readonly journal?: UploadJournal | undefined
  /**
   * Where it is remembered which repositories have which blobs, so that a push to another one of the same registry takes them over. True
   * for a folder, `$XDG_CACHE_HOME/crossdock/locations`, or as above. Default: in memory, as long as the transport lives.
   */
  readonly locations?: KnownLocations | true | undefined
  /** By host as users type it, `registry.example.com:5000`. Default: none. */
  readonly hosts?: Readonly<Record<string, HostOptions>> | undefined
  /** Larger manifests are refused. Default and most: 4 MiB. */
  readonly maxManifestBytes?: number | undefined
  /** How many blobs of one image are read or written at once. Default: 16. */
  readonly parallelBlobs?: number | undefined
  /** Requests to one registry that wait for an answer at once. Default: 16. */
  readonly requestsPerHost?: number | undefined
  /** Until TCP is connected, and again until TLS is agreed. Default: 10 000. */
  readonly connectTimeoutMs?: number | undefined
  /** Until the head of an answer. Default: 60 000. */
  readonly headersTimeoutMs?: number | undefined
  /** Between two pieces of an answer's body. Default: 60 000. */
  readonly idleBodyTimeoutMs?: number | undefined
  /** How often a request that changes nothing is sent at most. Default: 4. */
  readonly maxAttempts?: number | undefined
  /** False for none. Default: the environment's. */
  readonly proxy?: ProxyOptions | false | undefined
  /** Private addresses that a public registry may refer to, as `host` or `host:port`. Default: none. */
  readonly trustedHosts?: readonly string[] | undefined
  /** Default: `crossdock`. */
  readonly userAgent?: string | undefined
  /**
   * A client to share with others; it is not closed with the transport. Credentials, TLS, time-outs, proxy and user agent are then
   * its own, and the options of these names here are not used. Default: one of the transport's own.
   */
  readonly http?: HttpClient | undefined
}

export interface ResolvedHostOptions {
  /** Undefined: adapts. */
  readonly chunkBytes: number | undefined
  readonly chunkFromBytes: number
  readonly head: boolean
  readonly ranges: boolean
}

export interface ResolvedOptions {
  readonly maxManifestBytes: number
  readonly parallelBlobs: number
  readonly resume: boolean
  /** Undefined: as the client does. */
  readonly maxAttempts: number | undefined
  readonly registries: RegistryLookup | undefined
  readonly signatureStorage: SignatureStorage | undefined
  /** Whether sigstore signatures lie beside the image. */
  sigstoreAttachments(image: DockerReference): Promise<boolean>
  /** Undefined: nothing is said of this host. */
  insecure(host: string): boolean | undefined
  host(host: string): ResolvedHostOptions
}

const MIB = 1024 * 1024

/** What is known of public registries; options of the user win. */
const KNOWN_HOSTS: Readonly<Record<string, HostOptions>> = {
  'ghcr.io': { chunkBytes: 4 * MIB },
}

const HOST_DEFAULTS: ResolvedHostOptions = {
  chunkBytes: undefined,
  chunkFromBytes: 8 * MIB,
  head: true,
  ranges: true,
}

function definedOf(options: HostOptions = {}): Partial<ResolvedHostOptions> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

/** The only place where defaults are applied. */
export function resolveOptions(options: DockerTransportOptions): ResolvedOptions {
  const { insecure, hosts = {}, sigstoreAttachments = false } = options
  return Object.freeze({
    maxManifestBytes: Math.min(options.maxManifestBytes ?? MAX_MANIFEST_BYTES, MAX_MANIFEST_BYTES),
    parallelBlobs: options.parallelBlobs ?? 16,
    resume: options.resume ?? true,
    maxAttempts: options.maxAttempts,
    registries: options.registries,
    signatureStorage: options.signatureStorage,
    sigstoreAttachments: async (image: DockerReference) =>
      typeof sigstoreAttachments === 'function' ? await sigstoreAttachments(image) : sigstoreAttachments,
    insecure: (host: string) => (typeof insecure === 'function' ? insecure(host) : insecure),
    host: (host: string) => {
      const known = Object.hasOwn(KNOWN_HOSTS, host) ? KNOWN_HOSTS[host] : undefined
      const given = Object.hasOwn(hosts, host) ? hosts[host] : undefined
      return { ...HOST_DEFAULTS, ...definedOf(known), ...definedOf(given) }
    },
  })
}
