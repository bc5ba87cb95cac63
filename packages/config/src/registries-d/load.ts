import { ImageError, quoteForeign } from '@crossdock/core'
import { findFiles, type SearchedPlace } from '../host/find-files.ts'
import type { HostEnvironment } from '../host/host-environment.ts'
import { parseRegistriesD } from './parse.ts'
import type { RegistriesD, RegistriesDFile, SignatureNamespace } from './registries-d.ts'

/** No file of `registries.d` is larger. */
const MAX_BYTES = 128 * 1024

export interface LoadRegistriesDOptions {
  /** The folder to read instead of the usual ones. */
  readonly folder?: string | undefined
  readonly signal?: AbortSignal | undefined
}

export interface LoadedRegistriesD extends RegistriesD {
  readonly searched: readonly SearchedPlace[]
}

/**
 * Reads `registries.d`: the `*.yaml` files of the folders in containers-registries.d(5). Throws `INVALID_DATA` for a file that is wrong, and for two
 * that say something of the same namespace, or of the default; `IO`; `LIMIT_EXCEEDED`.
 */
export async function loadRegistriesD(
  host: HostEnvironment,
  { folder, signal }: LoadRegistriesDOptions = {},
): Promise<LoadedRegistriesD> {
  const { files, searched } = await findFiles(host, {
    name: 'registries',
    extension: '.yaml',
    hasMainFile: false,
    dropIns: folder,
    limitBytes: MAX_BYTES,
    signal,
  })
  const parsed = await Promise.all(files.map(({ bytes, path }) => parseRegistriesD(bytes, path)))
  return { ...mergeRegistriesD(parsed), searched }
}

/** Throws `INVALID_DATA` naming both files if two say something of one namespace. */
function mergeRegistriesD(files: readonly RegistriesDFile[]): RegistriesD {
  const docker = new Map<string, SignatureNamespace>()
  let defaultDocker: SignatureNamespace | undefined
  for (const file of files) {
    if (file.defaultDocker !== undefined && defaultDocker !== undefined) {
      throw twice('"default-docker"', defaultDocker, file.defaultDocker)
    }
    defaultDocker ??= file.defaultDocker
    for (const [scope, namespace] of file.docker) {
      const other = docker.get(scope)
      if (other !== undefined) throw twice(`the namespace "${quoteForeign(scope, 200)}"`, other, namespace)
      docker.set(scope, namespace)
    }
  }
  return { defaultDocker, docker, notes: files.flatMap(({ notes }) => notes) }
}

function twice(what: string, one: SignatureNamespace, other: SignatureNamespace): ImageError {
  const where = `${quoteForeign(other.file)}:${other.line}`
  const before = `${quoteForeign(one.file)}:${one.line}`
  return new ImageError('INVALID_DATA', `${where}: ${what} is in ${before}, too: leave it in one of the two files`)
}
