import { posix, win32, type PlatformPath } from 'node:path'
import type { HostEnvironment } from './host-environment.ts'

/** The value of a variable; undefined if it is not set or empty. */
export function variable({ env }: HostEnvironment, name: string): string | undefined {
  const value = env[name]
  return value === '' ? undefined : value
}

/** How paths are joined on the host's platform. */
export function pathsOf({ platform }: HostEnvironment): PlatformPath {
  return platform === 'win32' ? win32 : posix
}

/** A built-in absolute path, below the host's `root` if there is one. */
export function builtInPath(host: HostEnvironment, path: string): string {
  return host.root === undefined ? path : pathsOf(host).join(host.root, path)
}

/** Where a user keeps configuration: `$XDG_CONFIG_HOME`, else `~/.config`; on Windows `%APPDATA%`. Undefined without a home folder. */
export function userConfigFolder(host: HostEnvironment): string | undefined {
  if (host.platform === 'win32') return variable(host, 'APPDATA')
  return variable(host, 'XDG_CONFIG_HOME') ?? below(host, '.config')
}

/** A path below the home folder; undefined without one. */
export function below(host: HostEnvironment, ...names: readonly string[]): string | undefined {
  return host.home === undefined ? undefined : pathsOf(host).join(host.home, ...names)
}

/**
 * The folders `containers` in which configuration is looked for, the one that decides first: the user's, the administrator's, the
 * distribution's. containers-config(5), "Search Locations".
 */
export function containersFolders(host: HostEnvironment): readonly string[] {
  const user = userConfigFolder(host)
  const own = user === undefined ? [] : [pathsOf(host).join(user, 'containers')]
  return [...own, ...systemFolders(host)]
}

function systemFolders(host: HostEnvironment): readonly string[] {
  if (host.platform === 'win32') {
    const shared = variable(host, 'ProgramData')
    return shared === undefined ? [] : [builtInPath(host, win32.join(shared, 'containers'))]
  }
  const prefix = host.platform === 'freebsd' ? '/usr/local' : ''
  const share = host.platform === 'freebsd' ? '/usr/local/share' : '/usr/share'
  return [builtInPath(host, `${prefix}/etc/containers`), builtInPath(host, `${share}/containers`)]
}

/**
 * The user whose drop-ins count: 0 for the administrator's. In a user namespace of podman or buildah it is the user outside, whom
 * `_CONTAINERS_ROOTLESS_UID` names.
 */
export function configurationUid(host: HostEnvironment): number | undefined {
  const outside = variable(host, '_CONTAINERS_ROOTLESS_UID')
  return outside !== undefined && /^[0-9]{1,10}$/.test(outside) ? Number(outside) : host.uid
}
