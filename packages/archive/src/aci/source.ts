import {
  bytesBody,
  type BlobReader,
  type Digest,
  type GetBlobOptions,
  ImageError,
  type ImageReference,
  type ImageSource,
  type ManifestBytes,
  type OperationOptions,
  type Platform,
  report,
} from '@crossdock/core'
import { type ImageOfAci, imageOfAci, OCI_LAYER_TAR, type OwnerOf } from '@crossdock/formats'
import { createInFlight, firstBytes, skipBytes } from '@crossdock/streams'
import { createReader } from '../access/read-access.ts'
import { type AttachedArchive, attachedArchive } from './attached-archive.ts'
import { detachedSignature, publishedArchive } from './detached-signature.ts'
import { type AciLayer, openAciLayer } from './layer.ts'
import type { AciArchive } from './open-aci.ts'
import { renderAci, type RenderedImage } from './render.ts'
import { type FindDependency, loadAciTree } from './tree.ts'

export interface AciSourceOptions extends Pick<OperationOptions, 'onProgress'> {
  readonly reference: ImageReference
  /** What an image runs on that does not say so. Default: linux on this machine's CPU. */
  readonly platform?: Platform | undefined
  /** Finds the images that this one depends on, which have to stay open as long. Default: there are none. */
  readonly find?: FindDependency | undefined
  /** Whether the image is made of its own files alone, whatever it depends on. Default: false. */
  readonly alone?: boolean | undefined
  /** The detached signature of the archive, as it is published. Default: there is none. */
  readonly signature?: Uint8Array | undefined
  /** Whether the archive as it was published comes along, with its signature, as a referrer of the image that is made of it. Default: false. */
  readonly attach?: boolean | undefined
}

/** An OCI image that is made of an App Container Image while it is read. */
export interface AciSource extends ImageSource {
  /** What it is made of. */
  readonly aci: AciArchive
  /**
   * The same image, read in another way, which is closed with this one. What the image depends on and this one does not find is looked for with `find` of the
   * changes.
   */
  with(changes: Partial<AciSourceOptions>): AciSource
}

export function isAciSource(source: ImageSource): source is AciSource {
  return 'aci' in source
}

interface Loaded {
  readonly layers: readonly AciLayer[]
  readonly image: ImageOfAci
  readonly attached: AttachedArchive | undefined
}

/**
 * An App Container Image as a source of an OCI image that is made of it (`docs/conversions.md`): a layer for each image that it takes files from. The image is
 * made when its manifest is first asked for, so that who it is from can be judged before: then what it depends on is found, and files are read once for the
 * digests. They stay where they are. The archive is closed with the source. What is assumed and what has no place is told as notes.
 *
 * Reading it throws `NOT_FOUND` for a dependency that is not there, `DIGEST_MISMATCH` for another one, `UNSUPPORTED` for a platform that OCI has no name for,
 * `INVALID_DATA`, `LIMIT_EXCEEDED`.
 */
export function createAciSource(archive: AciArchive, options: AciSourceOptions): AciSource {
  const { reference, signature } = options
  const loading = createInFlight<'image', Loaded>({ remember: true })
  const loaded = (operation: OperationOptions = {}): Promise<Loaded> =>
    loading.run('image', (signal) => load(archive, options, signal), operation)
  const signatures = signature === undefined ? [] : [detachedSignature(signature, publishedArchive(archive))]
  let closing: Promise<void> | undefined
  return Object.freeze<AciSource>({
    aci: archive,
    with: (changes) => createAciSource(archive, { ...options, ...changes, find: firstOf(options.find, changes.find) }),
    reference,
    traits: Object.freeze({ parallelBlobs: 16, makesManifest: true }),
    getManifest: async (instance, operation) => manifestOf(archive, await loaded(operation), instance),
    getBlob: async ({ digest }, operation) => openBlob(archive, await loaded(operation), { digest, ...operation }),
    async getSignatures(instance, operation) {
      operation?.signal?.throwIfAborted()
      if (instance === undefined || options.attach !== true) return signatures
      return (await loaded(operation)).attached?.manifest.digest === instance ? [] : signatures
    },
    ...(options.attach === true && {
      async *referrers(subject, operation) {
        const { image, attached } = await loaded(operation)
        if (subject === image.manifest.digest && attached !== undefined) yield attached.descriptor
      },
    }),
    async [Symbol.asyncDispose]() {
      closing ??= Promise.resolve(archive[Symbol.asyncDispose]())
      await closing
    },
  })
}

function firstOf(one: FindDependency | undefined, other: FindDependency | undefined): FindDependency | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return async (dependency, operation) => (await one(dependency, operation)) ?? (await other(dependency, operation))
}

async function load(archive: AciArchive, options: AciSourceOptions, signal: AbortSignal): Promise<Loaded> {
  const { find, platform, onProgress, attach, signature, alone } = options
  const tree = alone === true ? { archive, dependencies: [] } : await loadAciTree(archive, { find, signal, onProgress })
  const rendered = renderAci(tree)
  const layers: AciLayer[] = []
  for (const image of rendered.toReversed()) {
    if (image.paths.length > 0) layers.push(await openAciLayer(image, signal))
  }
  const image = imageOfAci(archive.manifest, {
    id: archive.id,
    layers: layers.map(factsOf),
    platform,
    ownerOf: ownersIn(rendered),
  })
  // What was judged, by a signature over the whole file, is what the layers were made of.
  for (const each of new Set(rendered.map((one) => one.archive))) {
    // One that is attached is read for that, and checked.
    if (each !== archive || attach !== true) await each.checkUnchanged(signal)
  }
  signal.throwIfAborted()
  for (const note of image.notes) {
    report(options, { type: 'note', level: 'warning', message: `${archive.what}: ${note}` })
  }
  const attached = attach === true ? await attachedArchive(archive, { image, signature, signal }) : undefined
  return { layers, image, attached }
}

function factsOf({ archive, digest, size }: AciLayer): Parameters<typeof imageOfAci>[1]['layers'][number] {
  const { manifest, id } = archive
  return { descriptor: { mediaType: OCI_LAYER_TAR, digest, size }, diffId: digest, name: manifest.name, id }
}

/** Links are not followed. */
function ownersIn(rendered: readonly RenderedImage[]): OwnerOf {
  return (path) => {
    const clean = path
      .split('/')
      .filter((part) => part !== '' && part !== '.')
      .join('/')
    const image = rendered.find(({ paths }) => paths.includes(clean))
    return image?.archive.files.get(clean)
  }
}

function manifestOf({ what }: AciArchive, { image, attached }: Loaded, instance: Digest | undefined): ManifestBytes {
  if (instance === undefined || instance === image.manifest.digest) return image.manifest
  if (instance === attached?.manifest.digest) return attached.manifest
  throw new ImageError('NOT_FOUND', `${what} has no manifest ${instance}: it holds one image`)
}

interface OpenBlobOptions extends GetBlobOptions {
  readonly digest: Digest
}

function openBlob(
  { what }: AciArchive,
  { layers, image, attached }: Loaded,
  { digest, offset = 0, end, signal }: OpenBlobOptions,
): BlobReader {
  const small = digest === image.configDigest ? image.config : attached?.documents.get(digest)
  if (small !== undefined) {
    // A chunk is the reader's; these bytes are given to others, too.
    return createReader(small.byteLength, () => bytesBody(small.slice()).open(offset, end))
  }
  const blob = layers.find((each) => each.digest === digest) ?? (attached?.digest === digest ? attached : undefined)
  if (blob === undefined) throw new ImageError('NOT_FOUND', `the image of ${what} has no blob ${digest}`)
  return createReader(blob.size, () => {
    const behind = offset === 0 ? blob.open(signal) : skipBytes(blob.open(signal), offset)
    return end === undefined || end >= blob.size ? behind : firstBytes(behind, end - offset)
  })
}
