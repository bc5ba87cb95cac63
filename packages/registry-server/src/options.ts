import type { ServerOptions } from 'node:https'
import { MAX_MANIFEST_BYTES } from '@crossdock/core'
import type { RegistryAuth } from './auth.ts'
import type { FaultRule } from './faults.ts'
import { memoryStorage } from './memory-storage.ts'
import type { RegistryProfile } from './profiles.ts'
import type { RecordedRequest } from './recorder.ts'
import type { RegistryStorage } from './storage.ts'

/** Certificate and key, and whether clients have to show one, too. */
export type RegistryTls = Pick<
  ServerOptions,
  'key' | 'cert' | 'ca' | 'requestCert' | 'rejectUnauthorized' | 'minVersion' | 'maxVersion' | 'ciphers'
>

export interface RegistryServerOptions {
  /** Where content is kept. Default: `memoryStorage()`. */
  readonly storage?: RegistryStorage | undefined
  /** The address to listen on. Default: 127.0.0.1. */
  readonly host?: string | undefined
  /** Default: 0, a free port. */
  readonly port?: number | undefined
  /** Who may do what. Default: everybody everything. */
  readonly auth?: RegistryAuth | undefined
  /** Serves over HTTPS, as `node:tls` understands these. Default: plain HTTP. */
  readonly tls?: RegistryTls | undefined
  /** Options and faults of a kind of registry, beneath the ones given here. Default: none, the specification. */
  readonly profile?: RegistryProfile | undefined
  /** What goes wrong from the start; `faults` of the server adds to it. Default: nothing. */
  readonly faults?: readonly FaultRule[] | undefined
  /** Refuses every change with 405. Default: false. */
  readonly readOnly?: boolean | undefined
  /** Whether manifests, tags and blobs can be deleted. Default: true. */
  readonly deleteEnabled?: boolean | undefined
  /** Whether there is a referrers API; without it requests to it get 404, as of older registries. Default: true. */
  readonly referrersApi?: boolean | undefined
  /** Descriptors in one answer of the referrers API. Default: all. */
  readonly referrersPageSize?: number | undefined
  /** Tags in one answer of tags/list, if the client does not ask for fewer. Default: all. */
  readonly tagsPageSize?: number | undefined
  /**
   * Whether simple signatures can be kept beside images, until the server closes: the signature extension of OpenShift's registry, which
   * every answer announces. Default: false.
   */
  readonly signatureExtension?: boolean | undefined
  /** Whether blobs can be mounted from other repositories; otherwise such a request opens an upload. Default: true. */
  readonly mounts?: boolean | undefined
  /** Whether an index may name manifests that are not there. Default: true. */
  readonly sparseIndexes?: boolean | undefined
  /** Announced as OCI-Chunk-Min-Length and demanded of every chunk but the last. Default: none. */
  readonly chunkMinBytes?: number | undefined
  /** Larger manifests are refused with 413. Default: 4 MiB. */
  readonly maxManifestBytes?: number | undefined
  /** Whether Location names the host too. Default: false, it begins with a slash. */
  readonly absoluteLocations?: boolean | undefined
  /** The rate in each direction of each connection. Default: unlimited. */
  readonly bytesPerSecond?: number | undefined
  /** The latest requests are kept in `requests`; older ones are forgotten. Default: 10 000. */
  readonly maxRecordedRequests?: number | undefined
  /** Told of every request when its answer is over. What it throws is ignored. */
  readonly onRequest?: ((request: RecordedRequest) => void) | undefined
}

/** The options with every default filled in. */
export interface ResolvedOptions {
  readonly storage: RegistryStorage
  readonly host: string
  readonly port: number
  readonly auth: RegistryAuth | undefined
  readonly tls: RegistryTls | undefined
  readonly faults: readonly FaultRule[]
  readonly behaviour: Behaviour
  readonly limits: Limits
  readonly onRequest: ((request: RecordedRequest) => void) | undefined
}

export interface Behaviour {
  readonly readOnly: boolean
  readonly deleteEnabled: boolean
  readonly referrersApi: boolean
  readonly signatureExtension: boolean
  readonly mounts: boolean
  readonly sparseIndexes: boolean
  readonly absoluteLocations: boolean
}

export interface Limits {
  readonly referrersPageSize: number
  readonly tagsPageSize: number
  readonly chunkMinBytes: number
  readonly maxManifestBytes: number
  readonly bytesPerSecond: number
  readonly maxRecordedRequests: number
}

export function resolveOptions(options: RegistryServerOptions): ResolvedOptions {
  return {
    storage: options.storage ?? memoryStorage(),
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    auth: options.auth,
    tls: options.tls,
    faults: options.faults ?? [],
    behaviour: resolveBehaviour(options),
    limits: resolveLimits(options),
    onRequest: options.onRequest,
  }
}

function resolveBehaviour(options: RegistryServerOptions): Behaviour {
  return {
    readOnly: options.readOnly ?? false,
    deleteEnabled: options.deleteEnabled ?? true,
    referrersApi: options.referrersApi ?? true,
    signatureExtension: options.signatureExtension ?? false,
    mounts: options.mounts ?? true,
    sparseIndexes: options.sparseIndexes ?? true,
    absoluteLocations: options.absoluteLocations ?? false,
  }
}

function resolveLimits(options: RegistryServerOptions): Limits {
  return {
    referrersPageSize: options.referrersPageSize ?? Infinity,
    tagsPageSize: options.tagsPageSize ?? Infinity,
    chunkMinBytes: options.chunkMinBytes ?? 0,
    maxManifestBytes: options.maxManifestBytes ?? MAX_MANIFEST_BYTES,
    bytesPerSecond: options.bytesPerSecond ?? Infinity,
    maxRecordedRequests: options.maxRecordedRequests ?? 10_000,
  }
}
