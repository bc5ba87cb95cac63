import { ImageError, type Platform, quoteForeign } from '@crossdock/core'
import { hostPlatform } from '../node-runtime.ts'
import type { AciApp, AciPort } from './app.ts'
import type { AciManifest } from './manifest.ts'
import { type AciNamedValue, valueOf } from './named-values.ts'
import { CMD, ENTRYPOINT, USER } from './oci-names.ts'
import { platformOfAci } from './platform.ts'
import { aciUserOf } from './user.ts'

/** Who owns a file of the image; undefined if there is none. */
export type OwnerOf = (path: string) => { readonly uid: number; readonly gid: number } | undefined

export interface ToOciOptions {
  /** What an image runs on that does not say so. Default: linux on this machine's CPU. */
  readonly platform?: Platform | undefined
  readonly ownerOf: OwnerOf
}

/** An OCI configuration without its layers, and what it has no place for. */
export interface OciConfigOfAci {
  readonly config: Readonly<Record<string, unknown>>
  /** Whether the image itself says what it runs on. */
  readonly hasPlatform: boolean
  /** In words. */
  readonly lost: readonly string[]
}

/** More ports than this are a range that nobody wants one by one. */
const MAX_PORTS = 1000

/** Throws `UNSUPPORTED` for a platform that OCI has no name for, `INVALID_DATA` if a file whose owner is meant is not there. */
export function ociConfigOfAci(manifest: AciManifest, options: ToOciOptions): OciConfigOfAci {
  const { app, annotations } = manifest
  const named = platformOf(manifest)
  const { os, architecture, variant } = named ?? options.platform ?? hostPlatform()
  const created = valueOf(annotations, 'created')
  const author = valueOf(annotations, 'authors') ?? valueOf(annotations, 'author')
  const ports = app === undefined ? [] : exposedPorts(app.ports)
  return {
    config: {
      ...(created !== undefined && { created }),
      ...(author !== undefined && { author }),
      architecture,
      os,
      ...(variant !== undefined && { variant }),
      ...(app !== undefined && { config: runConfig({ app, annotations, ports: ports ?? [] }, options) }),
    },
    hasPlatform: named !== undefined,
    lost: [...(app === undefined ? [] : lostOf(app)), ...(ports === undefined ? ['ports'] : [])],
  }
}

function platformOf({ labels, name }: AciManifest): Platform | undefined {
  const os = valueOf(labels, 'os')
  const arch = valueOf(labels, 'arch')
  if (arch === undefined) {
    const host = hostPlatform()
    return os === undefined || os === host.os ? undefined : { ...host, os }
  }
  const platform = platformOfAci({ os: os ?? 'linux', arch })
  if (platform !== undefined) return platform
  const text = quoteForeign(`${os ?? 'linux'}/${arch}`, 100)
  throw new ImageError('UNSUPPORTED', `${quoteForeign(name, 200)} is for ${text}, which OCI images have no name for`)
}

interface Running {
  readonly app: AciApp
  readonly annotations: readonly AciNamedValue[]
  readonly ports: readonly string[]
}

function runConfig({ app, annotations, ports }: Running, { ownerOf }: ToOciOptions): object {
  const { exec, environment, workingDirectory, mountPoints, userLabels } = app
  const user = userOf(app, annotations, ownerOf)
  const volumes = mountPoints.map(({ path }) => path).filter((path) => path !== '')
  return {
    ...(user !== '' && { User: user }),
    ...(ports.length > 0 && { ExposedPorts: setOf(ports) }),
    ...(environment.length > 0 && { Env: environment.map(({ name, value }) => `${name}=${value}`) }),
    ...commandOf(exec, annotations),
    ...(volumes.length > 0 && { Volumes: setOf(volumes) }),
    ...(workingDirectory !== '' && { WorkingDir: workingDirectory }),
    ...(Object.keys(userLabels).length > 0 && { Labels: userLabels }),
  }
}

/** As the annotations cut it, if that is still what is executed. */
function commandOf(exec: readonly string[], annotations: readonly AciNamedValue[]): object {
  const entrypoint = stringsIn(valueOf(annotations, ENTRYPOINT))
  const cmd = stringsIn(valueOf(annotations, CMD))
  const isCut = JSON.stringify([...entrypoint, ...cmd]) === JSON.stringify(exec)
  const [first, second] = isCut ? [entrypoint, cmd] : [exec, []]
  return { ...(first.length > 0 && { Entrypoint: first }), ...(second.length > 0 && { Cmd: second }) }
}

function stringsIn(text: string | undefined): readonly string[] {
  if (text === undefined) return []
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : []
  } catch {
    return []
  }
}

function userOf({ user, group }: AciApp, annotations: readonly AciNamedValue[], ownerOf: OwnerOf): string {
  const was = valueOf(annotations, USER)
  if (was !== undefined) {
    const same = aciUserOf(was)
    if (same.user === user && same.group === group) return was
  }
  const named = user.startsWith('/') ? String(owner(user, ownerOf).uid) : user
  if (group.startsWith('/')) return `${named}:${owner(group, ownerOf).gid}`
  const isDocker = annotations.some(({ name }) => name.startsWith('appc.io/docker/'))
  return isDocker && user === group ? named : `${named}:${group}`
}

function owner(path: string, ownerOf: OwnerOf): { readonly uid: number; readonly gid: number } {
  const found = ownerOf(path)
  if (found !== undefined) return found
  const name = quoteForeign(path, 200)
  throw new ImageError('INVALID_DATA', `the app runs as the owner of "${name}", which is not in the image`)
}

/** `80/tcp` each; undefined if there are too many. */
function exposedPorts(ports: readonly AciPort[]): readonly string[] | undefined {
  if (ports.reduce((sum, { count }) => sum + count, 0) > MAX_PORTS) return undefined
  return ports.flatMap(({ port, count, protocol }) =>
    Array.from({ length: count }, (_, index) => `${port + index}/${protocol === '' ? 'tcp' : protocol}`),
  )
}

function lostOf(app: AciApp): readonly string[] {
  const { isolators, eventHandlers, supplementaryGids, mountPoints, ports, userAnnotations } = app
  const kinds: readonly (readonly [boolean, string])[] = [
    [isolators.length > 0, 'isolators'],
    [eventHandlers.length > 0, 'event handlers'],
    [supplementaryGids.length > 0, 'supplementary groups'],
    [mountPoints.some(({ readOnly }) => readOnly), 'read-only mount points'],
    [ports.some(({ socketActivated }) => socketActivated), 'socket activation'],
    [Object.keys(userAnnotations).length > 0, 'user annotations'],
  ]
  return kinds.flatMap(([applies, kind]) => (applies ? [kind] : []))
}

function setOf(names: readonly string[]): Readonly<Record<string, object>> {
  return Object.fromEntries(names.map((name) => [name, {}]))
}
