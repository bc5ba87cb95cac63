import { createHasher, ImageError, quoteForeign, type Digest } from '@crossdock/core'
import { cleanPath } from '../members/clean-path.ts'
import type { TarEntry } from '../tar/entry.ts'
import { readTar, type ReadTarOptions } from '../tar/read-tar.ts'

/** A layer's uncompressed tar, which can be read more than once. A `BlobBody` is one. */
export interface RootLayer {
  open(): AsyncIterable<Uint8Array>
}

/** What a layer is called in messages: by its number, behind what the layers are of. */
export function layerName(what: string | undefined, number: number): string {
  return what === undefined ? `layer ${number}` : `${what}, layer ${number}`
}

/** A member of a layer. */
export interface LayerMember {
  /** A clean path. */
  readonly path: string
  readonly entry: TarEntry
  readonly digest: Digest | undefined
}

/** A layer taken apart (image-spec, "layer.md"). */
export interface LayerContent {
  /** In the order of the tar. */
  readonly members: readonly LayerMember[]
  /** Paths that lower layers lose. */
  readonly whiteouts: readonly string[]
  /** Folders whose content of lower layers is lost. */
  readonly opaque: readonly string[]
  readonly bytes: number
}

export interface ReadLayerOptions extends ReadTarOptions {
  readonly what: string
  readonly digests: boolean
  /** Told of every member that is kept. */
  readonly onKept: (entry: TarEntry) => void
}

const WHITEOUT = '.wh.'
const OPAQUE = '.wh..wh..opq'
/** Notes that the AUFS file system kept for itself. */
const AUFS = '.wh..wh.'

/**
 * Reads a layer. Absolute paths count from the root of the image, as builders write them. Throws `INVALID_DATA` for other paths
 * that `cleanPath` refuses and for whiteouts that name nothing.
 */
export async function readLayer(layer: RootLayer, options: ReadLayerOptions): Promise<LayerContent> {
  const { what, digests, onKept } = options
  const members: LayerMember[] = []
  const whiteouts: string[] = []
  const opaque: string[] = []
  let bytes = 0
  for await (const { entry, content } of readTar(layer.open(), options)) {
    const path = cleanPath(entry.path, { what, absolute: 'strip' })
    onKept(entry)
    bytes += entry.size
    const mark = path.includes(WHITEOUT) ? readMark(path, what) : undefined
    if (mark === undefined) {
      const digest = digests && entry.type === 'file' ? await digestContent(content) : undefined
      members.push({ path, entry, digest })
    } else if (mark.kind === 'whiteout') whiteouts.push(mark.path)
    else if (mark.kind === 'opaque') opaque.push(mark.path)
  }
  return { members, whiteouts, opaque, bytes }
}

interface Mark {
  readonly kind: 'whiteout' | 'opaque' | 'ignored'
  readonly path: string
}

/** What a path with `.wh.` in it marks; undefined if it is the path of a file after all. */
function readMark(path: string, what: string): Mark | undefined {
  const parts = path.split('/')
  const name = parts.pop() ?? ''
  const folder = parts.join('/')
  if (name === OPAQUE) return { kind: 'opaque', path: folder }
  if ([...parts, name].some((part) => part.startsWith(AUFS))) return { kind: 'ignored', path }
  if (parts.some((part) => part.startsWith(WHITEOUT))) throw badMark(path, what, 'lies in a whiteout')
  if (!name.startsWith(WHITEOUT)) return undefined
  const removed = name.slice(WHITEOUT.length)
  if (removed === '' || removed === '.' || removed === '..')
    throw badMark(path, what, 'is a whiteout that names nothing')
  return { kind: 'whiteout', path: [...parts, removed].join('/') }
}

function badMark(path: string, what: string, problem: string): ImageError {
  return new ImageError('INVALID_DATA', `${what}: "${quoteForeign(path, 200)}" ${problem}`)
}

async function digestContent(content: AsyncIterable<Uint8Array>): Promise<Digest> {
  const hasher = createHasher('sha256')
  for await (const chunk of content) hasher.update(chunk)
  return hasher.digest()
}
