import { ImageError } from '@crossdock/core'
import { below, builtInPath, pathsOf, variable } from '../host/host-paths.ts'
import type { HostEnvironment } from '../host/host-environment.ts'
import type { AuthOptions } from './auth-options.ts'

/** A place where credentials may lie. */
export interface AuthFile {
  readonly path: string
  /**
   * `containers`: auth.json, with keys of hosts and repositories; `docker`: config.json, with keys of hosts; `legacy`: .dockercfg, whose
   * keys are URLs and make up the whole document.
   */
  readonly form: 'containers' | 'docker' | 'legacy'
  /** What named it, for messages: `authFile`, `REGISTRY_AUTH_FILE`. Undefined: a file that need not be there. */
  readonly named?: string | undefined
}

/**
 * The files in the order in which they are asked, those that are not there included. containers-auth.json(5), "DESCRIPTION": one that was
 * named, by the options or by `REGISTRY_AUTH_FILE`, is the only one.
 */
export function authFiles(options: AuthOptions): readonly AuthFile[] {
  const named = namedFile(options)
  if (named !== undefined) return [named]
  const { environment, order = 'containers' } = options
  const own = order === 'docker' ? [] : [runtimeFile(environment), userFile(environment)]
  const legacy = below(environment, '.dockercfg')
  const files: readonly (AuthFile | undefined)[] = [
    ...own.map((path) => file(path, 'containers')),
    file(dockerFile(environment), 'docker'),
    file(legacy, 'legacy'),
  ]
  const known = new Map<string, AuthFile>()
  for (const found of files) if (found !== undefined && !known.has(found.path)) known.set(found.path, found)
  return [...known.values()]
}

/** A place for credentials. */
export interface WritableAuthFile extends AuthFile {
  /** A folder that is the system's to make: without it the next place is taken. */
  readonly within?: string | undefined
}

/** Where credentials are written, the best place first; the next one is for those who may not write there. */
export function filesToWrite(options: AuthOptions): readonly WritableAuthFile[] {
  const named = namedFile(options)
  if (named !== undefined) return [named]
  const { environment, order = 'containers' } = options
  if (order === 'docker') return [file(dockerFile(environment), 'docker') ?? []].flat()
  const [runtime, user] = [file(runtimeFile(environment), 'containers'), file(userFile(environment), 'containers')]
  const within = environment.platform === 'linux' ? variable(environment, 'XDG_RUNTIME_DIR') : undefined
  if (runtime?.path === user?.path) return [user ?? []].flat()
  return [runtime === undefined ? [] : { ...runtime, within }, user ?? []].flat()
}

/** The one file that was named, so that nothing else is asked. */
export function namedFile({ environment, ...options }: AuthOptions): AuthFile | undefined {
  const { authFile, compatAuthFile, willBeMade = false } = options
  if (authFile !== undefined && compatAuthFile !== undefined) {
    throw new ImageError('CONFLICT', 'two files with credentials were named, and only one can be the only one')
  }
  const named = (path: string, form: AuthFile['form'], by: string): AuthFile => ({
    path,
    form,
    named: willBeMade ? undefined : by,
  })
  if (authFile !== undefined) return named(authFile, 'containers', 'authFile')
  if (compatAuthFile !== undefined) return named(compatAuthFile, 'docker', 'compatAuthFile')
  const path = variable(environment, 'REGISTRY_AUTH_FILE')
  return path === undefined ? undefined : named(path, 'containers', 'REGISTRY_AUTH_FILE')
}

function file(path: string | undefined, form: AuthFile['form']): AuthFile | undefined {
  return path === undefined ? undefined : { path, form }
}

/** Gone after the user's last log-out, or the next start of the machine; elsewhere than on Linux kept. */
function runtimeFile(host: HostEnvironment): string | undefined {
  if (host.platform !== 'linux') return below(host, '.config', 'containers', 'auth.json')
  const folder = variable(host, 'XDG_RUNTIME_DIR')
  if (folder !== undefined) return pathsOf(host).join(folder, 'containers', 'auth.json')
  return host.uid === undefined ? undefined : builtInPath(host, `/run/containers/${host.uid}/auth.json`)
}

function userFile(host: HostEnvironment): string | undefined {
  const folder = variable(host, 'XDG_CONFIG_HOME') ?? below(host, '.config')
  return folder === undefined ? undefined : pathsOf(host).join(folder, 'containers', 'auth.json')
}

function dockerFile(host: HostEnvironment): string | undefined {
  const folder = variable(host, 'DOCKER_CONFIG') ?? below(host, '.docker')
  return folder === undefined ? undefined : pathsOf(host).join(folder, 'config.json')
}
