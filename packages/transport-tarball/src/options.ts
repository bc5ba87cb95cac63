import { resolve } from 'node:path'
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
  type Platform,
} from '@crossdock/core'
import { parsePlatform } from '@crossdock/formats'

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

/** Options of `aci:`. */
export interface AciTransportOptions extends ArchiveTransportOptions {
  /** What an image runs on that does not say so, `os/arch[/variant]`. Default: linux on this machine's CPU. */
  readonly platform?: string | undefined
  /** The archives of images that others are put on top of. Default: none, and an image that depends on one is refused. */
  readonly dependencies?: readonly string[] | undefined
}

export interface ResolvedAciOptions extends ResolvedArchiveOptions {
  readonly platform: Platform | undefined
  /** Absolute. */
  readonly dependencies: readonly string[]
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

export const aciDefinition: OptionsDefinition<AciTransportOptions> = defineOptions<AciTransportOptions>('aci', {
  ...archiveChecks,
  platform: optionCheck('a platform such as linux/arm64', (value) => typeof value === 'string' && value !== ''),
  dependencies: optionCheck(
    'a list of paths',
    (value) => Array.isArray(value) && value.every((path) => typeof path === 'string' && path !== ''),
  ),
})

export const tarballDefinition: OptionsDefinition<TarballTransportOptions> = defineOptions<TarballTransportOptions>(
  'tarball',
  {
    ...archiveReadChecks,
    config: objectOption,
    annotations: optionMap(optionCheck('text', (value) => typeof value === 'string')),
  },
)

/** Applies the defaults, once. Throws `INVALID_DATA` for values that make no sense. */
export function resolveArchiveOptions<Options extends ArchiveTransportOptions>(
  options: Options,
  definition: OptionsDefinition<Options>,
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

/** Applies the defaults, once. Throws `INVALID_DATA` for values that make no sense. */
export function resolveAciOptions(options: AciTransportOptions): ResolvedAciOptions {
  const resolved = resolveArchiveOptions(options, aciDefinition)
  const { platform, dependencies = [] } = options
  return Object.freeze({
    ...resolved,
    platform: platform === undefined ? undefined : parsePlatform(platform),
    dependencies: Object.freeze(dependencies.map((path) => resolve(path))),
  })
}
