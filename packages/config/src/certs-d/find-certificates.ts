import { stat } from 'node:fs/promises'
import { ImageError, quoteForeign } from '@crossdock/core'
import type { SearchedPlace } from '../host/find-files.ts'
import type { HostEnvironment } from '../host/host-environment.ts'
import { builtInPath, containersFolders, pathsOf } from '../host/host-paths.ts'
import { type Certificates, readCertificates } from './read-certificates.ts'

export interface FindCertificatesOptions {
  /** The folder `certs.d` to look in instead of the usual ones. */
  readonly certsDir?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** The folder with the certificates for a registry, if any, and where it was looked for. */
export interface CertificatesFolder {
  readonly folder: string | undefined
  readonly searched: readonly SearchedPlace[]
}

/**
 * The certificates for a registry, `HOST[:PORT]` as users write it; undefined if there is no folder for it. Throws as `readCertificates` does,
 * but takes an empty folder for one without certificates.
 */
export async function findCertificates(
  host: HostEnvironment,
  registry: string,
  options: FindCertificatesOptions = {},
): Promise<Certificates | undefined> {
  const { folder } = await findCertificatesFolder(host, registry, options)
  if (folder === undefined) return undefined
  return await readCertificates(folder, { signal: options.signal, mayBeEmpty: true })
}

/**
 * Looks for `certs.d/HOST[:PORT]` in the folders of containers-certs.d(5), Docker's `/etc/docker/certs.d` last. The first that exists counts, with
 * whatever is in it. A folder that the user may not see counts as absent. Throws `IO`.
 */
export async function findCertificatesFolder(
  host: HostEnvironment,
  registry: string,
  { certsDir, signal }: FindCertificatesOptions = {},
): Promise<CertificatesFolder> {
  // What is no name of a host could lead out of the folder.
  if (!/^[A-Za-z0-9[][A-Za-z0-9._:[\]-]*$/.test(registry)) return { folder: undefined, searched: [] }
  const searched: SearchedPlace[] = []
  let folder: string | undefined
  for (const parent of certsDir === undefined ? certificateFolders(host) : [certsDir]) {
    signal?.throwIfAborted()
    const path = pathsOf(host).join(parent, registry)
    const state = folder === undefined ? ((await isThere(path)) ? 'read' : 'absent') : 'not needed'
    if (state === 'read') folder = path
    searched.push({ path, state })
  }
  return { folder, searched }
}

function certificateFolders(host: HostEnvironment): readonly string[] {
  const own = containersFolders(host).map((folder) => pathsOf(host).join(folder, 'certs.d'))
  return host.platform === 'win32' ? own : [...own, builtInPath(host, '/etc/docker/certs.d')]
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES' || code === 'EPERM') return false
    const reason = cause instanceof Error ? cause.message : String(cause)
    const message = `${quoteForeign(path)} cannot be looked at: ${quoteForeign(reason, 200)}`
    throw new ImageError('IO', message, { cause })
  }
}
