import {
  type Descriptor,
  type Digest,
  digestOf,
  ImageError,
  type ManifestBytes,
  MAX_CONFIG_BYTES,
  quoteForeign,
} from '@crossdock/core'
import { DOCKER_CONFIG, DOCKER_LAYER_TAR, DOCKER_MANIFEST, parseImageConfig } from '@crossdock/formats'
import { recycle } from '@crossdock/streams'
import { compressionAt } from '../access/read-access.ts'
import { archiveKind } from '../archive-kind.ts'
import { type ArchiveFile, type OpenArchiveOptions, readMember, unpacking } from '../image-archive/open-archive.ts'
import { findFile } from '../members/find-file.ts'
import { openEntry } from '../members/open-entry.ts'
import type { TarEntry } from '../tar/entry.ts'
import { type ListedImage, MANIFEST_FILE, MAX_MANIFEST_FILE_BYTES, parseManifestFile } from './manifest-file.ts'

/** A layer of the archive; its digest is its diff ID. */
export interface ArchivedLayer {
  readonly entry: TarEntry
  readonly isPacked: boolean
  /** Bytes without packing. */
  readonly size: number
}

export interface ArchivedImage {
  /** Made here: the archive has none. */
  readonly manifest: ManifestBytes
  readonly config: Uint8Array
  readonly configDigest: Digest
  readonly layers: ReadonlyMap<Digest, ArchivedLayer>
}

export type LayerOptions = Pick<OpenArchiveOptions, 'maxUnpackedBytes' | 'signal'>

/** What `manifest.json` lists. Throws `INVALID_DATA` if the archive has none, or two, or if it is something else. */
export async function readImages(archive: ArchiveFile, signal?: AbortSignal): Promise<readonly ListedImage[]> {
  const kind = archiveKind(archive.index)
  if (!archive.index.byPath.has(MANIFEST_FILE)) {
    const hint = kind === 'oci' ? 'it holds an OCI image layout: read it as oci-archive:' : 'write one with docker save'
    throw new ImageError('INVALID_DATA', `${archive.what} is no docker archive: it has no "${MANIFEST_FILE}"; ${hint}`)
  }
  const bytes = await readMember(archive, MANIFEST_FILE, { limitBytes: MAX_MANIFEST_FILE_BYTES, signal })
  return parseManifestFile(bytes, archive.what)
}

/**
 * Makes the manifest of an image. Layers that are packed are read once, for the size that they have without it. Throws `INVALID_DATA` for members
 * that are missing, for a config that is none, and if it has another number of layers; `LIMIT_EXCEEDED`.
 */
export async function loadImage(
  archive: ArchiveFile,
  image: ListedImage,
  options: LayerOptions,
): Promise<ArchivedImage> {
  const config = await named(archive, () =>
    readMember(archive, image.config, { limitBytes: MAX_CONFIG_BYTES, signal: options.signal }),
  )
  const diffIds = readDiffIds(archive, image, config)
  const layers = new Map<Digest, ArchivedLayer>()
  for (const [place, diffId] of diffIds.entries()) {
    const path = image.layers[place]
    if (path === undefined || layers.has(diffId)) continue
    layers.set(diffId, await lookAtLayer(archive, path, options))
  }
  const configDigest = digestOf(config)
  const list = diffIds.map((digest) => ({ digest, size: layers.get(digest)?.size ?? 0 }))
  return {
    manifest: makeManifest({ digest: configDigest, size: config.byteLength }, list),
    config,
    configDigest,
    layers,
  }
}

function readDiffIds(archive: ArchiveFile, image: ListedImage, config: Uint8Array): readonly Digest[] {
  const where = `${archive.what}: the config "${quoteForeign(image.config, 200)}"`
  let diffIds: readonly Digest[]
  try {
    diffIds = parseImageConfig(config).rootfs.diffIds
  } catch (reason) {
    if (!(reason instanceof ImageError)) throw reason
    throw new ImageError(reason.code, `${where}: ${reason.message}`, { cause: reason })
  }
  if (diffIds.length === image.layers.length) return diffIds
  throw new ImageError(
    'INVALID_DATA',
    `${where} has ${diffIds.length} diff IDs, but ${MANIFEST_FILE} lists ${image.layers.length} layers`,
  )
}

async function lookAtLayer(archive: ArchiveFile, path: string, options: LayerOptions): Promise<ArchivedLayer> {
  options.signal?.throwIfAborted()
  const entry = await named(archive, async () => findFile(archive.index, path))
  const isPacked = entry.sparse === undefined && entry.size > 0 && (await isPackedAt(archive, entry))
  if (!isPacked) return { entry, isPacked, size: entry.size }
  let size = 0
  for await (const chunk of openLayer(archive, entry, options)) {
    size += chunk.byteLength
    recycle(chunk)
  }
  return { entry, isPacked, size }
}

async function isPackedAt({ access }: ArchiveFile, { offset }: TarEntry): Promise<boolean> {
  return (await compressionAt(access, offset)) !== 'none'
}

/** The bytes of a layer, unpacked. */
export function openLayer(
  { what, access }: ArchiveFile,
  entry: TarEntry,
  { maxUnpackedBytes, signal }: LayerOptions,
): AsyncGenerator<Uint8Array> {
  return unpacking(openEntry(access, entry, { signal }), {
    what: `${what}: the layer "${quoteForeign(entry.path, 200)}"`,
    limitBytes: maxUnpackedBytes,
  })
}

/** What `manifest.json` names and is not there is damage, not an image that is missing. */
async function named<Value>({ what }: ArchiveFile, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (reason) {
    if (!(reason instanceof ImageError) || reason.code !== 'NOT_FOUND') throw reason
    throw new ImageError('INVALID_DATA', `${what} is damaged: ${reason.message}, which ${MANIFEST_FILE} names`, {
      cause: reason,
    })
  }
}

type Content = Pick<Descriptor, 'digest' | 'size'>

function makeManifest(config: Content, layers: readonly Content[]): ManifestBytes {
  const document = {
    schemaVersion: 2,
    mediaType: DOCKER_MANIFEST,
    config: { mediaType: DOCKER_CONFIG, ...pick(config) },
    layers: layers.map((layer) => ({ mediaType: DOCKER_LAYER_TAR, ...pick(layer) })),
  }
  const bytes = new TextEncoder().encode(JSON.stringify(document))
  return { bytes, mediaType: DOCKER_MANIFEST, digest: digestOf(bytes) }
}

function pick({ digest, size }: Content): Content {
  return { digest, size }
}
