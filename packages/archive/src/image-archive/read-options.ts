import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { countOption, type OptionCheck, optionCheck } from '@crossdock/core'

/** What reading an archive takes besides the archive. */
export interface ArchiveReadOptions {
  /**
   * Where an archive that cannot be read in place (packed as a whole, or a stream) is put while it is read: in a file without a name. Default:
   * the system's folder for temporary files.
   */
  readonly tmpDir?: string | undefined
  /** The most bytes that such an archive, or a packed layer, may become. Default: 64 GiB. */
  readonly maxUnpackedBytes?: number | undefined
}

export interface ResolvedReadOptions {
  readonly tmpDir: string
  readonly maxUnpackedBytes: number
}

const DEFAULT_MAX_UNPACKED_BYTES = 64 * 1024 ** 3

/** What the options have to be, for a transport that takes them. */
export const archiveReadChecks: Readonly<Record<keyof ArchiveReadOptions, OptionCheck>> = {
  tmpDir: optionCheck('the path of a folder', (value) => typeof value === 'string' && value !== ''),
  maxUnpackedBytes: countOption,
}

/** Applies the defaults. */
export function resolveReadOptions(options: ArchiveReadOptions): ResolvedReadOptions {
  const { tmpDir = tmpdir(), maxUnpackedBytes = DEFAULT_MAX_UNPACKED_BYTES } = options
  return { tmpDir: resolve(tmpDir), maxUnpackedBytes }
}
