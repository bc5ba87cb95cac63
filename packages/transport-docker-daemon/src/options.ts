import {
  archiveReadChecks,
  type ArchiveReadOptions,
  type ResolvedReadOptions,
  resolveReadOptions,
} from '@crossdock/archive'
import { booleanOption, countOption, defineOptions, optionCheck, type OptionsDefinition } from '@crossdock/core'

/** `tmpDir` and `maxUnpackedBytes` are for the archive that the engine answers with. */
export interface DockerDaemonTransportOptions extends ArchiveReadOptions {
  /**
   * Where the engine listens: `unix:///PATH`, `npipe:////./pipe/NAME`, `tcp://HOST[:PORT]` (TLS if `certDir` is given), `http://…`, `https://…`.
   * It is looked at when an image is opened. Default: the engine of this machine, `unix:///var/run/docker.sock`, on Windows
   * `npipe:////./pipe/docker_engine`. No variable of the environment is read.
   */
  readonly host?: string | undefined
  /**
   * A folder with `ca.pem`, the authority that the engine's certificate is of, and `cert.pem` and `key.pem`, the client's own; either may be
   * missing. It is read when an image is opened. Default: none; `https://` trusts Node's certificate authorities.
   */
  readonly certDir?: string | undefined
  /** Whether any certificate of the engine is accepted. Default: false. */
  readonly insecure?: boolean | undefined
  /** Milliseconds until there is a connection. Default: 10 000. */
  readonly connectTimeoutMs?: number | undefined
  /**
   * Milliseconds for which the engine may neither say nor take anything while it should. An engine gathers all layers before the first byte of
   * an answer, and unpacks them after the last one of a request. Default: 600 000.
   */
  readonly idleTimeoutMs?: number | undefined
}

export interface ResolvedOptions extends ResolvedReadOptions {
  readonly host: string | undefined
  readonly certDir: string | undefined
  readonly insecure: boolean
  readonly connectTimeoutMs: number
  readonly idleTimeoutMs: number
}

const textOption = optionCheck('text that is not empty', (value) => typeof value === 'string' && value !== '')

/** What options that come from a file or a command line have to be. */
export const definition: OptionsDefinition<DockerDaemonTransportOptions> = defineOptions<DockerDaemonTransportOptions>(
  'docker-daemon',
  {
    ...archiveReadChecks,
    host: textOption,
    certDir: textOption,
    insecure: booleanOption,
    connectTimeoutMs: countOption,
    idleTimeoutMs: countOption,
  },
)

/** Applies the defaults, once. Throws `INVALID_DATA` for values that make no sense. */
export function resolveOptions(options: DockerDaemonTransportOptions): ResolvedOptions {
  definition.check(options)
  const { host, certDir, insecure = false, connectTimeoutMs = 10_000, idleTimeoutMs = 600_000 } = options
  return Object.freeze({
    ...resolveReadOptions(options),
    host,
    certDir,
    insecure,
    connectTimeoutMs,
    idleTimeoutMs,
  })
}
