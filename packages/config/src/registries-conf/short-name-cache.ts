import { readConfigFile } from '../documents/bounded-file.ts'
import type { HostEnvironment } from '../host/host-environment.ts'
import { below, builtInPath, configurationUid, pathsOf, variable } from '../host/host-paths.ts'
import { parseRegistriesConf } from './parse.ts'
import type { RegistriesConf } from './registries-conf.ts'

const MAX_BYTES = 1024 * 1024

/**
 * Where tools keep the aliases that users chose: `/var/cache/containers/short-name-aliases.conf` of the administrator, else in
 * `$XDG_CACHE_HOME/containers` or `~/.cache/containers`. Undefined for a user without home folder.
 */
export function shortNameCacheFile(host: HostEnvironment): string | undefined {
  const names = ['containers', 'short-name-aliases.conf'] as const
  const { posix } = pathsOf(host)
  if (configurationUid(host) === 0) return builtInPath(host, posix.join('/var/cache', ...names))
  const cache = variable(host, 'XDG_CACHE_HOME') ?? below(host, '.cache')
  return cache === undefined ? undefined : pathsOf(host).join(cache, ...names)
}

/** The aliases of that file; none if there is no file. Throws `INVALID_DATA`, `FILE:LINE:COLUMN: reason`, and `IO`. */
export async function readShortNameCache(
  host: HostEnvironment,
  signal?: AbortSignal,
): Promise<RegistriesConf['aliases']> {
  const path = shortNameCacheFile(host)
  const bytes = path === undefined ? undefined : await readConfigFile(path, { limitBytes: MAX_BYTES, signal })
  return path === undefined || bytes === undefined ? new Map() : (await parseRegistriesConf(bytes, path)).aliases
}
