import type { DockerReference } from '@crossdock/core'
import type { AuthOptions } from './auth/auth-options.ts'
import { type CredentialsLookup, credentialsLookup } from './auth/look-up.ts'
import { findCertificates } from './certs-d/find-certificates.ts'
import type { Certificates } from './certs-d/read-certificates.ts'
import { hostEnvironment, type HostEnvironment } from './host/host-environment.ts'
import { findPolicyFile, type PolicyFile } from './policy-file/find-policy-file.ts'
import { type LoadedRegistriesConf, loadRegistriesConf } from './registries-conf/load.ts'
import { type RegistryRoute, registryRoute } from './registries-conf/registry-route.ts'
import { type LoadedRegistriesD, loadRegistriesD } from './registries-d/load.ts'
import { type SignatureConfig, signatureConfig } from './registries-d/signature-config.ts'

/** Paths that are given beat those in variables, and these beat the usual places. */
export interface HostConfigOptions {
  /** Default: the environment of this process. */
  readonly host?: HostEnvironment | undefined
  /** `registries.conf` to read instead; it must exist. Drop-ins are read all the same. */
  readonly registriesConf?: string | undefined
  /** Folder of drop-ins to read instead of `registries.conf.d` and its like. */
  readonly registriesConfDir?: string | undefined
  /** Folder to read instead of `registries.d`. */
  readonly registriesDir?: string | undefined
  /** Folder to read instead of `certs.d`. */
  readonly certsDir?: string | undefined
  /** `policy.json` to use instead; it must exist. */
  readonly policy?: string | undefined
  /** `auth.json` to read instead of all other files and helpers. */
  readonly authFile?: string | undefined
  /** The same, of the form that the `docker` command reads. */
  readonly compatAuthFile?: string | undefined
  /** Ends the reading of files. */
  readonly signal?: AbortSignal | undefined
}

/**
 * What a machine has configured. Nothing is read before it is asked for, and nothing twice: a value is of one moment. All methods throw `INVALID_DATA`,
 * `FILE:LINE:COLUMN: reason`, for files that are wrong; `IO`; `LIMIT_EXCEEDED`.
 */
export interface HostConfig {
  readonly host: HostEnvironment
  readonly options: HostConfigOptions
  registriesConf(): Promise<LoadedRegistriesConf>
  registriesD(): Promise<LoadedRegistriesD>
  /** Mirrors, location, blocked and insecure; undefined if nothing is said of the image. */
  registryRoute(reference: DockerReference): Promise<RegistryRoute | undefined>
  /** Where signatures of the image are. */
  signatureConfig(reference: DockerReference): Promise<SignatureConfig>
  /** For `HOST[:PORT]` as users write it; undefined if there are none. */
  certificates(registry: string): Promise<Certificates | undefined>
  /** For a host and a repository in it; undefined if there are none. As `dockerTransport` takes it. */
  readonly credentials: CredentialsLookup
  /** How credentials are looked up, for those who store or explain them. */
  readonly authOptions: AuthOptions
  /** Undefined if there is none. */
  policyFile(): Promise<PolicyFile | undefined>
}

export function loadHostConfig(options: HostConfigOptions = {}): HostConfig {
  const { host = hostEnvironment(), signal } = options
  const registriesConf = once(() =>
    loadRegistriesConf(host, { file: options.registriesConf, dropIns: options.registriesConfDir, signal }),
  )
  const registriesD = once(() => loadRegistriesD(host, { folder: options.registriesDir, signal }))
  const authOptions: AuthOptions = {
    environment: host,
    authFile: options.authFile,
    compatAuthFile: options.compatAuthFile,
    credentialHelpers: async () => (await registriesConf()).credentialHelpers.value,
    signal,
  }
  const certificates = new Map<string, Promise<Certificates | undefined>>()
  return {
    host,
    options,
    registriesConf,
    registriesD,
    registryRoute: async (reference) => registryRoute(await registriesConf(), reference),
    signatureConfig: async (reference) => signatureConfig(await registriesD(), reference, host),
    certificates: (registry) => {
      const found =
        certificates.get(registry) ?? findCertificates(host, registry, { certsDir: options.certsDir, signal })
      certificates.set(registry, found)
      return found
    },
    credentials: credentialsLookup(authOptions),
    authOptions,
    policyFile: once(() => findPolicyFile(host, { explicit: options.policy })),
  }
}

function once<Value>(read: () => Promise<Value>): () => Promise<Value> {
  let value: Promise<Value> | undefined
  return () => (value ??= read())
}
