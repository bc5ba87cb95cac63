import { ImageError } from '@crossdock/core'
import type { TarIndex } from './tar/index-tar.ts'

/**
 * What an archive holds: a `docker save` archive, an OCI image layout, one that is both (Docker from 25 on), an App Container
 * Image, or the files of a root filesystem.
 */
export type ArchiveKind = 'docker' | 'oci' | 'docker-and-oci' | 'aci' | 'rootfs'

/** Documents that name everything else: programs differ in which of two they believe. */
const ONLY_ONCE = ['manifest.json', 'index.json', 'oci-layout']

/**
 * Says by its members what an archive is, whatever its name. Throws `INVALID_DATA` if it has none, or one of `manifest.json`,
 * `index.json` and `oci-layout` twice.
 */
export function archiveKind(index: TarIndex): ArchiveKind {
  const { what, byPath, duplicates } = index
  if (byPath.size === 0) throw new ImageError('INVALID_DATA', `${what} is an archive without members`)
  const twice = ONLY_ONCE.find((path) => duplicates.has(path))
  if (twice !== undefined) {
    throw new ImageError(
      'INVALID_DATA',
      `${what} has two members "${twice}": programs differ in which of them they read`,
    )
  }
  const has = (path: string): boolean => byPath.has(path) && byPath.get(path)?.type !== 'directory'
  const isOci = has('oci-layout') && has('index.json')
  const isDocker = has('manifest.json') || has('repositories')
  if (isOci) return isDocker ? 'docker-and-oci' : 'oci'
  if (isDocker) return 'docker'
  return has('manifest') && hasFolder(index, 'rootfs') ? 'aci' : 'rootfs'
}

/** A folder may be there by its content alone. */
function hasFolder({ byPath }: TarIndex, name: string): boolean {
  if (byPath.has(name)) return byPath.get(name)?.type === 'directory'
  for (const path of byPath.keys()) if (path.startsWith(`${name}/`)) return true
  return false
}
