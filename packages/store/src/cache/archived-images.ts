import {
  type ArchiveFile,
  archiveKind,
  openDockerArchive,
  openOciArchive,
  readImages,
  readLayout,
} from '@crossdock/archive'
import { ImageError, type ImageReference, type ImageSource, isTag } from '@crossdock/core'
import { isAttachmentTag, isObject, type LayoutEntry, member } from '@crossdock/formats'
import { storeImageName } from '../transport/reference.ts'

/** An image in an archive. */
export interface ArchivedImage {
  /** What it is to be called. */
  readonly names: readonly string[]
  open(reference: ImageReference): Promise<ImageSource>
}

export interface ArchivedImagesOptions {
  /** The repository that an image with nothing but a tag is one of. */
  readonly prefix?: string | undefined
  readonly maxUnpackedBytes: number
  readonly signal?: AbortSignal | undefined
}

/** The images of an archive of either kind; of one that is both, those of its layout. Throws `INVALID_DATA` for another one. */
export async function archivedImages(
  archive: ArchiveFile,
  options: ArchivedImagesOptions,
): Promise<readonly ArchivedImage[]> {
  const kind = archiveKind(archive.index)
  if (kind === 'oci' || kind === 'docker-and-oci') return await layoutImages(archive, options)
  if (kind === 'docker') return await dockerImages(archive, options)
  throw new ImageError(
    'INVALID_DATA',
    `${archive.what} holds no images: it has neither "index.json" and "oci-layout" nor "manifest.json"`,
  )
}

async function layoutImages(
  archive: ArchiveFile,
  { prefix, signal }: ArchivedImagesOptions,
): Promise<readonly ArchivedImage[]> {
  const { index } = await readLayout(archive, signal)
  const images = index.entries.filter(({ name }) => name === undefined || !isBesideImages(name))
  const byDigest = Map.groupBy(images, ({ digest }) => digest)
  return [...byDigest.values()].flatMap((entries) => {
    const position = entries[0]?.position
    if (position === undefined) return []
    const names = entries.map((entry) => nameOf(entry, prefix)).filter((name) => name !== undefined)
    const open = (reference: ImageReference): Promise<ImageSource> =>
      openOciArchive(kept(archive), { reference, selection: { index: position }, signal })
    return [{ names, open }]
  })
}

/** The annotation with the full name where that of the specification is a tag only (containerd's export). */
const IMAGE_NAME = 'io.containerd.image.name'
const REFERRERS_TAG = /^(?:sha256|sha512)-[0-9a-f]{64}$/

/** What belongs to images comes with them. */
function isBesideImages(name: string): boolean {
  return REFERRERS_TAG.test(name) || isAttachmentTag(name)
}

function nameOf({ name, value }: LayoutEntry, prefix: string | undefined): string | undefined {
  const annotations = member(value, 'annotations')
  const full = isObject(annotations) ? member(annotations, IMAGE_NAME) : undefined
  if (typeof full === 'string' && full !== '') return storeImageName(full)
  if (name === undefined) return undefined
  if (!isTag(name)) return storeImageName(name)
  return prefix === undefined ? undefined : storeImageName(`${prefix}:${name}`)
}

async function dockerImages(archive: ArchiveFile, options: ArchivedImagesOptions): Promise<readonly ArchivedImage[]> {
  const images = await readImages(archive, options.signal)
  return images.map(({ repoTags }, position) => ({
    names: repoTags.map((tag) => storeImageName(tag)),
    open: (reference) => openDockerArchive(kept(archive), { ...options, reference, selection: { index: position } }),
  }))
}

/** The same archive, which stays open. */
function kept(archive: ArchiveFile): ArchiveFile {
  return { ...archive, async [Symbol.asyncDispose]() {} }
}
