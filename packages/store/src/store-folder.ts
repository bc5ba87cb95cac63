import { homedir } from 'node:os'
import { join } from 'node:path'

export interface DefaultStoreFolderOptions {
  /** Default: the environment of this process. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** The user's home folder. Default: what the system says. */
  readonly home?: string | undefined
  readonly platform?: NodeJS.Platform | undefined
}

/**
 * Where the store is if nobody says: `$CROSSDOCK_STORE`; else `crossdock/store` in `$XDG_DATA_HOME`, in `~/.local/share`, or on Windows in
 * `%LOCALAPPDATA%`. Empty variables count as none.
 */
export function defaultStoreFolder(options: DefaultStoreFolderOptions = {}): string {
  const { env = process.env, platform = process.platform } = options
  if (isSet(env['CROSSDOCK_STORE'])) return env['CROSSDOCK_STORE']
  const home = (): string => options.home ?? homedir()
  const data =
    platform === 'win32'
      ? setOr(env['LOCALAPPDATA'], () => join(home(), 'AppData', 'Local'))
      : setOr(env['XDG_DATA_HOME'], () => join(home(), '.local', 'share'))
  return join(data, 'crossdock', 'store')
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== ''
}

function setOr(value: string | undefined, otherwise: () => string): string {
  return isSet(value) ? value : otherwise()
}
