import type { DockerReference } from '@crossdock/core'

/** A place that may be asked for what an image name stands for. */
export interface RegistryEndpoint {
  /** The image there: `domain` and `path` say where it is, tag and digest are those of the name that was looked up. */
  readonly reference: DockerReference
  /** Whether its certificate is not checked, and plain HTTP may be spoken to it. */
  readonly insecure: boolean
}

/** What the host's configuration says of an image name (registries.conf, `[[registry]]`). */
export interface RegistryRoute {
  /**
   * Why the registry may not be used, naming what says so: `example.com is blocked by /etc/containers/registries.conf:3`. Nothing is then
   * read, written, listed or deleted there. Default: it may.
   */
  readonly blocked?: string | undefined
  /**
   * Where it is read from, in order of preference: the mirrors, then the registry itself, which is at its own location if it is said
   * to be elsewhere. They are taken as they are and not looked up again. Empty: where the name says.
   */
  readonly sources: readonly RegistryEndpoint[]
  /** The same as of an endpoint, for the registry that the name says: what is written or deleted goes there and nowhere else. */
  readonly insecure: boolean
}

/**
 * Asked once for each image that is opened, listed or deleted, with the name as it was typed, fully explicit. Undefined: nothing is
 * configured for it. What it throws ends the operation.
 */
export type RegistryLookup = (
  reference: DockerReference,
) => RegistryRoute | undefined | Promise<RegistryRoute | undefined>
