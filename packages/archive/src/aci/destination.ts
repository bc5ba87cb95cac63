import {
  checkManifest,
  type BlobBody,
  type BlobHint,
  type Descriptor,
  type Digest,
  ImageError,
  type ImageDestination,
  type ImageReference,
  type ManifestBytes,
  MAX_CONFIG_BYTES,
  type OperationOptions,
  type PutManifestOptions,
  report,
} from '@crossdock/core'
import {
  type AciOfImage,
  aciOfImage,
  DOCKER_MANIFEST,
  formatAciImageId,
  isConfigType,
  OCI_MANIFEST,
  parseImageConfig,
  parseManifest,
} from '@crossdock/formats'
import { readBytes } from '@crossdock/streams'
import type { RandomAccess } from '../access/random-access.ts'
import { readAccess } from '../access/read-access.ts'
import { spool } from '../files/spool.ts'
import { type Arrived, receive } from '../image-archive/arrival.ts'
import type { ResolvedReadOptions } from '../image-archive/read-options.ts'
import { aciOfLayers } from './from-layers.ts'
import { type ArchiveTarget, writeArchive } from './write-archive.ts'

/** Best first: OCI's keep annotations, by which an image that was an App Container Image gets its manifest back. */
const MANIFEST_TYPES: readonly string[] = Object.freeze([OCI_MANIFEST, DOCKER_MANIFEST])

const LAYER_FORMATS = Object.freeze(['none'] as const)

export interface AciDestinationOptions extends ResolvedReadOptions {
  readonly reference: ImageReference
  /** What is written, for messages. */
  readonly what: string
  readonly target: ArchiveTarget
  /** What the image is to be called, see `AciOfImageOptions`. */
  readonly name?: string | undefined
  readonly version?: string | undefined
  readonly defaultName: string
}

/** What one open destination has been given. */
interface Session extends AciDestinationOptions {
  readonly configs: Map<Digest, Uint8Array>
  /** In files without names. */
  readonly layers: Map<Digest, RandomAccess>
  image: ReadyImage | undefined
  isClosed: boolean
}

interface ReadyImage extends AciOfImage {
  readonly layers: readonly RandomAccess[]
}

/**
 * A destination that makes one App Container archive of an image: its layers are put aside until `commit`, which merges them and writes the archive in
 * one step. What appc has no place for is told as a note then, and so is the image ID.
 */
export function createAciDestination(options: AciDestinationOptions): ImageDestination {
  const session: Session = { ...options, configs: new Map(), layers: new Map(), image: undefined, isClosed: false }
  return Object.freeze<ImageDestination>({
    reference: options.reference,
    traits: Object.freeze({
      manifestTypes: MANIFEST_TYPES,
      keepsManifests: false,
      layerFormats: LAYER_FORMATS,
      foreignLayers: false,
      systems: Object.freeze(['linux', 'freebsd', 'darwin']),
    }),
    putBlob: (body, blob, putOptions) => putBlob(session, { body, blob, signal: putOptions?.signal }),
    async putManifest(manifest, putOptions) {
      putOptions?.signal?.throwIfAborted()
      session.image = readyImage(session, manifest, putOptions)
    },
    async commit(commitOptions) {
      commitOptions?.signal?.throwIfAborted()
      await commit(session, commitOptions)
    },
    async [Symbol.asyncDispose]() {
      session.isClosed = true
      const layers = [...session.layers.values()]
      session.layers.clear()
      for (const layer of layers) await layer[Symbol.asyncDispose]()
    },
  })
}

interface PutBlob {
  readonly body: BlobBody
  readonly blob: BlobHint
  readonly signal: AbortSignal | undefined
}

async function putBlob(session: Session, { body, blob, signal }: PutBlob): Promise<Descriptor> {
  signal?.throwIfAborted()
  if (session.isClosed) throw closed(session)
  const { mediaType = 'application/octet-stream', annotations } = blob
  const { digest, size } = isConfigType(mediaType)
    ? await putConfig(session, { body, blob, signal })
    : await putLayer(session, { body, blob, signal })
  return { mediaType, digest, size, ...(annotations !== undefined && { annotations }) }
}

async function putConfig({ configs }: Session, { body, blob, signal }: PutBlob): Promise<Arrived> {
  const arrival = receive(body, blob, signal)
  const bytes = await readBytes(arrival.chunks, { limitBytes: MAX_CONFIG_BYTES, what: 'the config of the image' })
  const arrived = arrival.settled()
  configs.set(arrived.digest, bytes)
  return arrived
}

async function putLayer(session: Session, { body, blob, signal }: PutBlob): Promise<Arrived> {
  const { tmpDir: folder, maxUnpackedBytes: limitBytes, layers } = session
  const arrival = receive(body, blob, signal)
  const access = await spool(arrival.chunks, { folder, limitBytes, what: `a layer for ${session.what}`, signal })
  const arrived = arrival.settled()
  if (layers.has(arrived.digest) || session.isClosed) await access[Symbol.asyncDispose]()
  else layers.set(arrived.digest, access)
  return arrived
}

function readyImage(session: Session, manifest: ManifestBytes, { instance }: PutManifestOptions = {}): ReadyImage {
  const { what, configs, layers, name, version, defaultName } = session
  checkManifest(manifest, {
    types: MANIFEST_TYPES,
    digest: instance ?? manifest.digest,
    what: 'an App Container archive',
  })
  if (instance !== undefined) throw new ImageError('UNSUPPORTED', `${what} takes one image, and none beside it`)
  const parsed = parseManifest(manifest)
  if (parsed.kind !== 'image' || !isConfigType(parsed.config.mediaType)) {
    throw new ImageError('UNSUPPORTED', `${manifest.digest} is no image`)
  }
  const config = configs.get(parsed.config.digest)
  const found = parsed.layers.map(({ digest }) => layers.get(digest))
  const missing = parsed.layers.flatMap(({ digest }) => (layers.has(digest) ? [] : [digest]))
  if (config === undefined || missing.length > 0) {
    const digests = config === undefined ? [parsed.config.digest, ...missing] : missing
    const message = `the manifest needs ${digests.join(', ')}, which was not put`
    throw new ImageError('INVALID_DATA', message, { missing: digests })
  }
  const { diffIds } = parseImageConfig(config).rootfs
  if (parsed.layers.map(({ digest }) => digest).join() !== diffIds.join()) {
    throw new ImageError('INVALID_DATA', `${what} takes plain layers, those of the config: the manifest names others`)
  }
  const { annotations } = parsed
  const made = aciOfImage({ config, annotations, name, version, defaultName })
  return { ...made, layers: found.filter((layer) => layer !== undefined) }
}

async function commit(session: Session, operation: OperationOptions = {}): Promise<void> {
  const { image, what, target } = session
  if (session.isClosed) throw closed(session)
  if (image === undefined) throw new ImageError('INVALID_DATA', 'there is nothing to commit: no manifest was put')
  const { signal } = operation
  const { manifest, notes } = image
  const layers = image.layers.map((layer) => ({ open: () => readAccess(layer, { signal }) }))
  for (const message of notes) report(operation, { type: 'note', level: 'warning', message: `${what}: ${message}` })
  const body = aciOfLayers(layers, { manifest, what: 'the image', signal })
  const id = await writeArchive(body, target, signal)
  session.isClosed = true
  const message = `${what} is the App Container Image ${manifest.name}, ${formatAciImageId(id)}`
  report(operation, { type: 'note', level: 'info', message })
}

function closed({ what }: Session): ImageError {
  return new ImageError('CONFLICT', `${what} is not open for writing any more; open it anew to replace it`)
}
