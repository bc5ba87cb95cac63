import { type FileSearch, findFiles, type SearchedPlace } from '../host/find-files.ts'
import type { HostEnvironment } from '../host/host-environment.ts'
import { mergeRegistriesConf } from './merge.ts'
import { parseRegistriesConf } from './parse.ts'
import type { RegistriesConf } from './registries-conf.ts'

/** No `registries.conf` and no drop-in is larger. */
const MAX_BYTES = 1024 * 1024

export interface LoadRegistriesConfOptions {
  /** The main file to read instead of the usual ones; it must exist. Drop-ins are read all the same, variables are not heeded. */
  readonly file?: string | undefined
  /** The folder of drop-ins to read instead of the usual ones. */
  readonly dropIns?: string | undefined
  readonly signal?: AbortSignal | undefined
}

export interface LoadedRegistriesConf extends RegistriesConf {
  readonly searched: readonly SearchedPlace[]
}

/**
 * Reads `registries.conf` and its drop-ins in the order of containers-config(5), with `CONTAINERS_REGISTRIES_CONF` and
 * `CONTAINERS_REGISTRIES_CONF_OVERRIDE`. Throws `INVALID_DATA`, `FILE:LINE:COLUMN: reason`, for a file that is wrong; `IO`; `LIMIT_EXCEEDED`.
 */
export async function loadRegistriesConf(
  host: HostEnvironment,
  options: LoadRegistriesConfOptions = {},
): Promise<LoadedRegistriesConf> {
  const search: FileSearch = {
    name: 'registries.conf',
    extension: '.conf',
    variable: 'CONTAINERS_REGISTRIES_CONF',
    limitBytes: MAX_BYTES,
    ...options,
  }
  const { files, searched } = await findFiles(host, search)
  const parsed = await Promise.all(files.map(({ bytes, path }) => parseRegistriesConf(bytes, path)))
  return { ...mergeRegistriesConf(parsed), searched }
}
