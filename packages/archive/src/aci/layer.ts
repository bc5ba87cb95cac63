import { createHasher, type Digest, ImageError, quoteForeign } from '@crossdock/core'
import { recycle } from '@crossdock/streams'
import { openEntry } from '../members/open-entry.ts'
import { attributesOf } from '../rootfs/attributes.ts'
import type { TarEntry } from '../tar/entry.ts'
import type { TarInput } from '../write/tar-input.ts'
import { writeTar } from '../write/write-tar.ts'
import { hardLinkTarget } from './layout.ts'
import type { AciArchive } from './open-aci.ts'
import type { RenderedImage } from './render.ts'

/** Files of an App Container archive as a layer, which is made anew each time that it is read. */
export interface AciLayer {
  readonly archive: AciArchive
  readonly digest: Digest
  readonly size: number
  open(signal?: AbortSignal): AsyncIterable<Uint8Array>
}

/**
 * Reads the files once, for the digest of the layer: the members below `rootfs`, as they are, in the order of the archive. Throws `INVALID_DATA` for a
 * file whose name in a layer would mean that another one is gone.
 */
export async function openAciLayer(image: RenderedImage, signal?: AbortSignal): Promise<AciLayer> {
  const { archive } = image
  const members = layerMembers(image)
  const open = (reading?: AbortSignal): AsyncIterable<Uint8Array> =>
    writeTar(
      members.map(({ header, source }) => (source === undefined ? header : withContent(header, source, reading))),
    )

  function withContent(header: TarInput, source: TarEntry, reading: AbortSignal | undefined): TarInput {
    return { ...header, content: () => openEntry(archive.access, source, { signal: reading }) }
  }

  const hasher = createHasher('sha256')
  let size = 0
  for await (const chunk of open(signal)) {
    hasher.update(chunk)
    size += chunk.byteLength
    recycle(chunk)
  }
  return { archive, digest: hasher.digest(), size, open }
}

interface LayerMember {
  readonly header: TarInput
  /** Where the content lies, of files that have some. */
  readonly source: TarEntry | undefined
}

const WHITEOUT = '.wh.'

function layerMembers({ archive, paths }: RenderedImage): readonly LayerMember[] {
  const { files, what } = archive
  const names = new Map<TarEntry, string>()
  return paths.flatMap((path) => {
    const entry = files.get(path)
    if (entry === undefined) return []
    if (path.slice(path.lastIndexOf('/') + 1).startsWith(WHITEOUT)) {
      const name = quoteForeign(path, 200)
      throw new ImageError('INVALID_DATA', `${what} has a file "${name}", which in a layer would remove another one`)
    }
    const inode = inodeOf(archive, entry)
    const first = names.get(inode)
    if (first !== undefined) return [{ header: linkTo(path, first, inode), source: undefined }]
    names.set(inode, path)
    const hasContent = inode.type === 'file' && inode.size > 0
    return [{ header: headerOf(path, inode), source: hasContent ? inode : undefined }]
  })
}

/** What a hard link stands for, through others; the layout has been checked to lead to an earlier member each time. */
function inodeOf({ files, what }: AciArchive, entry: TarEntry): TarEntry {
  let inode = entry
  while (inode.type === 'hardlink') {
    const target = files.get(hardLinkTarget(inode, what) ?? '')
    if (target === undefined) throw new ImageError('INVALID_DATA', `${what} has a hard link to nothing`)
    inode = target
  }
  return inode
}

function headerOf(path: string, entry: TarEntry): TarInput {
  const { type, size, mode, uid, gid, uname, gname, mtime, linkName, device } = entry
  const pax = attributesOf(entry)
  return { path: path === '' ? './' : path, type, size, mode, uid, gid, uname, gname, mtime, linkName, device, pax }
}

function linkTo(path: string, linkName: string, { mode, uid, gid, uname, gname, mtime }: TarEntry): TarInput {
  return { path, type: 'hardlink', linkName, mode, uid, gid, uname, gname, mtime }
}
