import {
  archiveReadChecks,
  type ArchiveReadOptions,
  type ResolvedReadOptions,
  resolveReadOptions,
} from '@crossdock/archive'
import {
  choiceOption,
  defineOptions,
  objectOption,
  optionCheck,
  optionMap,
  type OptionsDefinition,
} from '@crossdock/core'

/** Options of `docker-archive:` and `oci-archive:`. */
export interface ArchiveTransportOptions extends ArchiveReadOptions {
  /**
   * `full`: the archive and its folder are flushed to the disk before it has its name, so that a finished copy outlives a power cut.
   * `fast`: they are not; for throw-away files. Default: `full`.
   */
  readonly durability?: 'full' | 'fast' | undefined
}

export interface TarballTransportOptions extends ArchiveReadOptions {
  /**
   * Members of the image's configuration (image-spec, config.md) beside `rootfs`, which is made. Default: linux and this machine's
   * architecture, and nothing that would differ from one run to the next.
   */
  readonly config?: Readonly<Record<string, unknown>> | undefined
  /** Annotations of the manifest. Default: none. */
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

export interface ResolvedArchiveOptions extends ResolvedReadOptions {
  readonly durable: boolean
}

export interface ResolvedTarballOptions extends ResolvedReadOptions {
  readonly config: Readonly<Record<string, unknown>>
  readonly annotations: Readonly<Record<string, string>> | undefined
}

const archiveChecks = { ...archiveReadChecks, durability: choiceOption('full', 'fast') }

/** What options that come from a file or a command line have to be. */
export const dockerArchiveDefinition: OptionsDefinition<ArchiveTransportOptions> =
  defineOptions<ArchiveTransportOptions>('docker-archive', archiveChecks)

export const ociArchiveDefinition: OptionsDefinition<ArchiveTransportOptions> = defineOptions<ArchiveTransportOptions>(
  'oci-archive',
  archiveChecks,
)

export const tarballDefinition: OptionsDefinition<TarballTransportOptions> = defineOptions<TarballTransportOptions>(
  'tarball',
  {
    ...archiveReadChecks,
    config: objectOption,
    annotations: optionMap(optionCheck('text', (value) => typeof value === 'string')),
  },
)

/** Applies the defaults, once. Throws `INVALID_DATA` for values that make no sense. */
export function resolveArchiveOptions(
  options: ArchiveTransportOptions,
  definition: OptionsDefinition<ArchiveTransportOptions>,
): ResolvedArchiveOptions {
  definition.check(options)
  return Object.freeze({ ...resolveReadOptions(options), durable: (options.durability ?? 'full') === 'full' })
}

/** Applies the defaults, once. Throws `INVALID_DATA` for values that make no sense. */
export function resolveTarballOptions(options: TarballTransportOptions): ResolvedTarballOptions {
  tarballDefinition.check(options)
  const { config = {}, annotations } = options
  return Object.freeze({ ...resolveReadOptions(options), config, annotations })
}
