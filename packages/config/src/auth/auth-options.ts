import type { HostEnvironment } from '../host/host-environment.ts'

/** Where the credentials of this machine are looked for, and kept. */
export interface AuthOptions {
  readonly environment: HostEnvironment
  /** The only file: an auth.json (containers-auth.json(5)). It beats every other place. Default: none. */
  readonly authFile?: string | undefined
  /** The same, of the form that the `docker` command reads: no keys of repositories. Excludes `authFile`. */
  readonly compatAuthFile?: string | undefined
  /** Whether a file that was named need not be there, since it is to be written. Default: false. */
  readonly willBeMade?: boolean | undefined
  /**
   * `containers`: the files of Podman, skopeo and Buildah, and those of Docker after them; `docker`: Docker's alone. Default: `containers`.
   */
  readonly order?: 'containers' | 'docker' | undefined
  /**
   * `credential-helpers` of registries.conf: names of helpers, and `containers-auth.json` for the files, in the order in which they are
   * asked. Not asked if one file was named. Default: the files alone.
   */
  readonly credentialHelpers?: readonly string[] | (() => Promise<readonly string[]>) | undefined
  /** How long a helper may take, in milliseconds. Default: 30 000. */
  readonly helperTimeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}
