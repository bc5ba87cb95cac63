import { type AciManifest, formatAciManifest } from '@crossdock/formats'
import { flatMembers } from '../rootfs/flatten.ts'
import type { RootLayer } from '../rootfs/read-layer.ts'
import { readRootTree } from '../rootfs/read-root-tree.ts'
import { isImplied } from '../rootfs/root-tree.ts'
import type { TarInput } from '../write/tar-input.ts'
import { writeTar } from '../write/write-tar.ts'

export interface AciOfLayersOptions {
  readonly manifest: AciManifest
  /** What the layers are of, for messages. */
  readonly what: string
  readonly signal?: AbortSignal | undefined
}

/**
 * An App Container archive of the files that layers make together, the lowest first: `manifest` without a time, for readers that take the archive as it comes,
 * then `rootfs` in the order of `flattenRootTree`. Of what it writes it makes the same again. Throws what reading the layers throws.
 */
export async function* aciOfLayers(
  layers: readonly RootLayer[],
  { manifest, what, signal }: AciOfLayersOptions,
): AsyncGenerator<Uint8Array> {
  const tree = await readRootTree(layers, { what, changes: false, signal })
  const content = formatAciManifest(manifest)

  async function* members(): AsyncGenerator<TarInput> {
    yield { path: 'manifest', size: content.byteLength, content }
    if (isImplied(tree.root.inode)) yield { path: 'rootfs', type: 'directory' }
    for await (const member of flatMembers(tree, layers, { what, signal })) yield belowRoot(member)
  }

  yield* writeTar(members())
}

function belowRoot(member: TarInput): TarInput {
  const { path, type, linkName } = member
  const moved = { ...member, path: path === './' ? 'rootfs' : `rootfs/${path}` }
  return type === 'hardlink' && linkName !== undefined ? { ...moved, linkName: `rootfs/${linkName}` } : moved
}
