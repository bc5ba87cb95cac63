import { pathToFileURL } from 'node:url'
import { type DockerReference, dockerPolicyIdentity } from '@crossdock/core'
import type { HostEnvironment } from '../host/host-environment.ts'
import { below, builtInPath, configurationUid } from '../host/host-paths.ts'
import type { RegistriesD, SignatureNamespace, StorageUrl } from './registries-d.ts'

/** Where the signatures of an image are, and what says so. */
export interface SignatureConfig {
  /** Where simple signatures are read: the base URL, to which the repository and the digest are added. `file:`, `http:` or `https:`. */
  readonly lookaside: SignatureSetting<string>
  /** Where they are written: `lookaside-staging`, else the same. */
  readonly lookasideStaging: SignatureSetting<string>
  /** Whether sigstore signatures beside the image in the registry are read and written. Default: false. */
  readonly useSigstoreAttachments: SignatureSetting<boolean>
}

export interface SignatureSetting<Value> {
  readonly value: Value
  /** The namespace that decided, or `default-docker`; undefined for the built-in default. */
  readonly namespace?: string | undefined
  readonly file?: string | undefined
  readonly line?: number | undefined
}

/**
 * What `registries.d` says of a reference: of its identity in policies, of each namespace above, of the default. Each setting is taken from the first
 * that has it; a namespace with `lookaside` alone does not take `lookaside-staging` from above it. Without any, signatures are in the built-in folder.
 * Throws `INVALID_DATA`, `FILE:LINE:COLUMN: reason`, if what decides is no URL that can be used.
 */
export function signatureConfig(
  registriesD: Pick<RegistriesD, 'defaultDocker' | 'docker'>,
  reference: DockerReference,
  host: HostEnvironment,
): SignatureConfig {
  const found = namespacesOf(registriesD, reference)
  const first = <Value>(
    read: (namespace: SignatureNamespace) => Value | undefined,
  ): SignatureSetting<Value> | undefined => {
    for (const [namespace, settings] of found) {
      const value = read(settings)
      if (value !== undefined) return { value, namespace, file: settings.file, line: settings.line }
    }
    return undefined
  }
  const builtIn = { value: defaultStorage(host) }
  return {
    lookaside: first(({ lookaside }) => usable(lookaside)) ?? builtIn,
    lookasideStaging: first(({ lookaside, lookasideStaging }) => usable(lookasideStaging ?? lookaside)) ?? builtIn,
    useSigstoreAttachments: first(({ useSigstoreAttachments }) => useSigstoreAttachments) ?? { value: false },
  }
}

function namespacesOf(
  { docker, defaultDocker }: Pick<RegistriesD, 'defaultDocker' | 'docker'>,
  reference: DockerReference,
): readonly (readonly [string, SignatureNamespace])[] {
  const { identity, namespaces } = dockerPolicyIdentity(reference)
  const named = [identity, ...namespaces].flatMap((scope) => {
    const settings = docker.get(scope)
    return settings === undefined ? [] : [[scope, settings] as const]
  })
  return defaultDocker === undefined ? named : [...named, ['default-docker', defaultDocker]]
}

/** `/var/lib/containers/sigstore` of the administrator, else `~/.local/share/containers/sigstore`, as a URL. */
function defaultStorage(host: HostEnvironment): string {
  const own = configurationUid(host) === 0 ? undefined : below(host, '.local', 'share', 'containers', 'sigstore')
  const path = own ?? builtInPath(host, '/var/lib/containers/sigstore')
  return pathToFileURL(path, { windows: host.platform === 'win32' }).href
}

function usable(url: StorageUrl | undefined): string | undefined {
  if (url?.problem !== undefined) throw url.problem
  return url?.text
}
