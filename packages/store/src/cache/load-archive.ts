import { type ArchiveReadOptions, indexArchive, resolveReadOptions, spool, unpacking } from '@crossdock/archive'
import {
  type Descriptor,
  ImageError,
  type ImageReference,
  type OperationOptions,
  type UnparsedImage,
  unparsedImage,
} from '@crossdock/core'
import type { Store } from '../store.ts'
import { commitImage } from '../transport/commit.ts'
import { opened } from '../transport/opened.ts'
import { storeImageName } from '../transport/reference.ts'
import { createSession, type Session } from '../transport/session.ts'
import { storeTransport } from '../transport/transport.ts'
import { type ArchivedImage, archivedImages } from './archived-images.ts'
import { importImage } from './import-image.ts'

export interface LoadArchiveOptions extends OperationOptions, ArchiveReadOptions {
  /** What the only image of the archive is to be called, whatever it is called there. */
  readonly name?: string | undefined
  /** The repository that images with nothing but a tag are of: `registry.example/app`. Default: they have to have other names. */
  readonly prefix?: string | undefined
  /**
   * Judges each image, as `store:` with the first of its names, before anything of it is parsed or stored; throws `REJECTED_BY_POLICY`.
   * Default: admits.
   */
  readonly admit?: ((image: UnparsedImage, options: OperationOptions) => void | Promise<void>) | undefined
}

/** An image that was loaded. */
export interface LoadedImage {
  readonly names: readonly string[]
  readonly target: Descriptor
}

/**
 * Brings the images of an archive into the store: an OCI layout in a tar, or what `docker save` writes, packed or not. All bytes are verified,
 * what no image needs is left out, and the names appear in one step when all is there; if anything is wrong none does.
 *
 * Throws `INVALID_DATA` for what is no such archive, is damaged, or has no name for an image; `DIGEST_MISMATCH`, `LIMIT_EXCEEDED`.
 */
export async function loadArchive(
  store: Store,
  archive: AsyncIterable<Uint8Array>,
  options: LoadArchiveOptions = {},
): Promise<readonly LoadedImage[]> {
  const { signal, name, prefix } = options
  const { tmpDir: folder, maxUnpackedBytes } = resolveReadOptions(options)
  const what = 'the archive'
  const limits = { what, limitBytes: maxUnpackedBytes }
  const access = await spool(unpacking(archive, limits), { ...limits, folder, signal })
  await using file = await indexArchive(access, { signal })
  const found = await archivedImages(file, { prefix, maxUnpackedBytes, signal })
  const images = name === undefined ? found : [renamed(found, name)]
  const unnamed = images.filter(({ names }) => names.length === 0)
  if (images.length === 0) throw new ImageError('INVALID_DATA', 'the archive holds no image')
  if (unnamed.length > 0) throw noName(unnamed.length)
  const session = sessionOf(store)
  await using _keeper = session.keeper
  const loaded: LoadedImage[] = []
  for (const image of images) loaded.push(await loadImage(session, image, options))
  await commitImage(session, options)
  return loaded
}

async function loadImage(session: Session, image: ArchivedImage, options: LoadArchiveOptions): Promise<LoadedImage> {
  await using source = await image.open(referenceTo(session.store, image.names[0]))
  await options.admit?.(unparsedImage(source), options)
  const target = await importImage(session, source, options)
  for (const name of image.names) session.tags.set(name, target)
  return { names: image.names, target }
}

function sessionOf(store: Store): Session {
  return createSession(opened(store, referenceTo(store), {}))
}

/** Whatever name it has: that of each image is said when it is known. */
function referenceTo(store: Store, name = 'loaded'): ImageReference {
  return storeTransport({ store }).parseReference(name)
}

function renamed(found: readonly ArchivedImage[], name: string): ArchivedImage {
  const [only, ...others] = found
  if (only !== undefined && others.length === 0) return { ...only, names: [storeImageName(name)] }
  throw new ImageError(
    'CONFLICT',
    `the archive holds ${found.length} images, so that one name does not do; load it without a name`,
  )
}

function noName(count: number): ImageError {
  return new ImageError(
    'INVALID_DATA',
    `${count === 1 ? 'an image of the archive has no name' : `${count} images of the archive have no names`}: ` +
      'say what it is to be called, or of which repository the tags are',
  )
}
