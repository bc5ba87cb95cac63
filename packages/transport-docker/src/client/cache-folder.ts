import { homedir } from 'node:os'
import { join } from 'node:path'

/** A folder of this transport under the user's cache folder. */
export function cacheFolder(
  name: 'uploads' | 'locations',
  env: Readonly<Record<string, string | undefined>> = process.env,
): string {
  const fallback = join(homedir(), '.cache')
  const cache = process.platform === 'win32' ? env['LOCALAPPDATA'] : env['XDG_CACHE_HOME']
  return join(cache === undefined || cache === '' ? fallback : cache, 'crossdock', name)
}
