import { createHash } from 'node:crypto'
import { type RawMember, rawTar } from './raw-tar.ts'

export interface AciContent {
  /** The whole name, such as `example.com/app`. */
  readonly name: string
  /** Default: `1.0`. */
  readonly version?: string
  /** As they stand in the manifest. Default: none. */
  readonly dependencies?: readonly object[]
  /** Files below its root, by path. Default: one that is called after the image. */
  readonly files?: readonly RawMember[]
}

/** An App Container archive, not packed. */
export function aciBytes({ name, version = '1.0', dependencies = [], files }: AciContent): Buffer {
  const labels = Object.entries({ version, os: 'linux', arch: 'amd64' }).map(([key, value]) => ({ name: key, value }))
  const manifest = { acKind: 'ImageManifest', acVersion: '0.8.11', name, labels, dependencies }
  const own = { path: `rootfs/${name.replaceAll('/', '-')}`, content: `${name}:${version}` }
  const members = files ?? [own]
  return rawTar([
    { path: 'rootfs/', kind: '5', mode: 0o755 },
    ...members,
    { path: 'manifest', content: JSON.stringify(manifest) },
  ])
}

/** The image ID of an archive that is not packed. */
export function aciId(bytes: Uint8Array): string {
  return `sha512-${createHash('sha512').update(bytes).digest('hex')}`
}
