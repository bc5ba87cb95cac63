import {
  type ArchivedLayout,
  type ArchiveFile,
  archiveKind,
  blobPath,
  createLayoutSource,
  manifestReader,
  type ListedImage,
  openDockerArchive,
  readImages,
  readLayout,
} from '@crossdock/archive'
import { type Descriptor, type Digest, ImageError, type ImageReference, type ImageSource } from '@crossdock/core'
import {
  blobsOf,
  childrenOf,
  isForeignLayer,
  isObject,
  type Manifest,
  member,
  parseManifest,
  usableDescriptors,
} from '@crossdock/formats'

export interface OpenSavedImageOptions {
  readonly reference: ImageReference
  /** The name spelt out, if the image was asked for by name. */
  readonly name?: string | undefined
  /** The digest in that name. */
  readonly digest?: Digest | undefined
  readonly maxUnpackedBytes: number
  readonly signal?: AbortSignal | undefined
}

/**
 * The image that an engine saved, as a source. An engine with containerd's store keeps images as they came, and its archive has an OCI layout
 * with manifest and layers as they are in the registry: that is read. Others keep plain layers and no manifest. The layout that they write
 * from Docker 25 on was made for the archive, so that `manifest.json` is read as in archives of older ones: one image has one digest,
 * whichever engine of this kind saved it, and may be packed on the way.
 *
 * The archive is closed with the source, or if this fails.
 */
export async function openSavedImage(archive: ArchiveFile, options: OpenSavedImageOptions): Promise<ImageSource> {
  const { reference, maxUnpackedBytes, signal } = options
  let found: FoundImage | undefined
  try {
    found = await findOriginal(archive, options)
    signal?.throwIfAborted()
  } catch (reason) {
    await archive[Symbol.asyncDispose]()
    throw reason
  }
  if (found !== undefined) return createLayoutSource(found.layout, { reference, top: found.top })
  return await openDockerArchive(archive, { reference, selection: {}, maxUnpackedBytes, signal })
}

interface FoundImage {
  readonly layout: ArchivedLayout
  readonly top: Descriptor
}

/** The image in the archive's layout, if it has one that is whole and not made for the archive. */
async function findOriginal(archive: ArchiveFile, options: OpenSavedImageOptions): Promise<FoundImage | undefined> {
  const kind = archiveKind(archive.index)
  if (kind !== 'oci' && kind !== 'docker-and-oci') return undefined
  const layout = await readLayout(archive, options.signal)
  const top = chooseEntry(layout, options)
  if (top !== undefined && (await isWhole(layout, top, 0))) {
    const isMade = kind === 'docker-and-oci' && (await readImages(archive, options.signal)).some(hasLayerSources)
    return isMade && top.digest !== options.digest ? undefined : { layout, top }
  }
  if (kind === 'docker-and-oci') return undefined
  throw new ImageError('INVALID_DATA', `${archive.what} holds no whole image; pull the image again, or load it`)
}

function hasLayerSources(image: ListedImage): boolean {
  return image.hasLayerSources
}

/** containerd's name of an entry (github.com/containerd/containerd, core/images/annotations.go). */
const CONTAINERD_NAME = 'io.containerd.image.name'

/** One name was asked for, so there is one image, perhaps under several names; undefined if it cannot be told which it is. */
function chooseEntry({ index }: ArchivedLayout, { name, digest }: OpenSavedImageOptions): Descriptor | undefined {
  const entries = usableDescriptors(index)
  const named = new Set(index.entries.filter(({ value }) => nameOf(value) === name).map((entry) => entry.digest))
  const choices = [
    entries.filter((entry) => entry.digest === digest),
    entries.filter((entry) => name !== undefined && named.has(entry.digest)),
    entries,
  ]
  return choices.find(
    ([first, ...others]) => first !== undefined && others.every((one) => one.digest === first.digest),
  )?.[0]
}

function nameOf(entry: object): unknown {
  const annotations = member(entry, 'annotations')
  return isObject(annotations) ? member(annotations, CONTAINERD_NAME) : undefined
}

const MAX_DEPTH = 4

/** Whether all of an image is there, or of an index one of its images: an engine keeps the platforms that were pulled. */
async function isWhole(layout: ArchivedLayout, descriptor: Descriptor, depth: number): Promise<boolean> {
  const manifest = await readIfThere(layout, descriptor)
  if (manifest === undefined) return false
  if (manifest.kind !== 'index') {
    return blobsOf(manifest).every((blob) => isForeignLayer(blob) || isThere(layout, blob))
  }
  for (const child of depth < MAX_DEPTH ? childrenOf(manifest) : []) {
    if (await isWhole(layout, child, depth + 1)) return true
  }
  return false
}

async function readIfThere(layout: ArchivedLayout, descriptor: Descriptor): Promise<Manifest | undefined> {
  if (!isThere(layout, descriptor)) return undefined
  return parseManifest(await manifestReader(layout)(descriptor))
}

function isThere({ archive }: ArchivedLayout, { digest }: Descriptor): boolean {
  return archive.index.byPath.has(blobPath(digest))
}
