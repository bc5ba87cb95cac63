import {
  createHasher,
  type Descriptor,
  type Digest,
  digestOf,
  ImageError,
  type ManifestBytes,
  MAX_CONFIG_BYTES,
  quoteForeign,
} from '@crossdock/core'
import {
  DOCKER_CONFIG,
  DOCKER_LAYER_GZIP,
  DOCKER_LAYER_TAR,
  DOCKER_MANIFEST,
  parseImageConfig,
} from '@crossdock/formats'
import { recycle } from '@crossdock/streams'
import { compressionAt } from '../access/read-access.ts'
import { archiveKind } from '../archive-kind.ts'
import { type ArchiveFile, type OpenArchiveOptions, readMember, unpacking } from '../image-archive/open-archive.ts'
import { findFile } from '../members/find-file.ts'
import { openEntry } from '../members/open-entry.ts'
import type { TarEntry } from '../tar/entry.ts'
import { type ListedImage, MANIFEST_FILE, MAX_MANIFEST_FILE_BYTES, parseManifestFile } from './manifest-file.ts'

/** A layer of the archive. In gzip it is given as it is; packed in another way, which no registry takes, it is given unpacked. */
export interface ArchivedLayer {
  readonly entry: TarEntry
  readonly isUnpacked: boolean
  readonly descriptor: Descriptor
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
 * Makes the manifest of an image. Layers that are packed are read once, for their digest or for the size that they have unpacked. Throws
 * `INVALID_DATA` for members that are missing, for a config that is none, and if it has another number of layers; `LIMIT_EXCEEDED`.
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
  const byDiffId = new Map<Digest, ArchivedLayer>()
  for (const [place, diffId] of diffIds.entries()) {
    const path = image.layers[place]
    if (path === undefined || byDiffId.has(diffId)) continue
    byDiffId.set(diffId, await lookAtLayer(archive, { path, diffId }, options))
  }
  const configDigest = digestOf(config)
  const layers = [...byDiffId.values()].map((layer) => [layer.descriptor.digest, layer] as const)
  const list = diffIds.flatMap((diffId) => byDiffId.get(diffId)?.descriptor ?? [])
  return {
    manifest: makeManifest({ mediaType: DOCKER_CONFIG, digest: configDigest, size: config.byteLength }, list),
    config,
    configDigest,
    layers: new Map(layers),
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

interface ListedLayer {
  readonly path: string
  readonly diffId: Digest
}

async function lookAtLayer(
  archive: ArchiveFile,
  { path, diffId }: ListedLayer,
  options: LayerOptions,
): Promise<ArchivedLayer> {
  const { signal } = options
  signal?.throwIfAborted()
  const entry = await named(archive, async () => findFile(archive.index, path))
  const { size } = entry
  const packing = entry.sparse === undefined ? await compressionAt(archive.access, entry.offset, size) : 'none'
  const plain = { mediaType: DOCKER_LAYER_TAR, digest: diffId }
  if (packing === 'none') return { entry, isUnpacked: false, descriptor: { ...plain, size } }
  if (packing === 'gzip') {
    const hasher = createHasher('sha256')
    await passed(openEntry(archive.access, entry, { signal }), (chunk) => hasher.update(chunk))
    const digest = hasher.digest()
    return { entry, isUnpacked: false, descriptor: { mediaType: DOCKER_LAYER_GZIP, digest, size } }
  }
  const unpackedSize = await passed(openLayer(archive, entry, options))
  return { entry, isUnpacked: true, descriptor: { ...plain, size: unpackedSize } }
}

/** Reads to the end and returns how much it was. */
async function passed(bytes: AsyncIterable<Uint8Array>, onChunk?: (chunk: Uint8Array) => void): Promise<number> {
  let size = 0
  for await (const chunk of bytes) {
    onChunk?.(chunk)
    size += chunk.byteLength
    recycle(chunk)
  }
  return size
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

function makeManifest(config: Descriptor, layers: readonly Descriptor[]): ManifestBytes {
  const document = {
    schemaVersion: 2,
    mediaType: DOCKER_MANIFEST,
    config: ordered(config),
    layers: layers.map(ordered),
  }
  const bytes = new TextEncoder().encode(JSON.stringify(document))
  return { bytes, mediaType: DOCKER_MANIFEST, digest: digestOf(bytes) }
}

/** The digest of the manifest depends on the order. */
function ordered({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size }
}
