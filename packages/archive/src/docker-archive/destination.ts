import {
  checkManifest,
  type BlobBody,
  type BlobHint,
  type Descriptor,
  type Digest,
  digestEncoded,
  type DockerReference,
  formatDockerReference,
  ImageError,
  type ImageDestination,
  type ImageReference,
  type ManifestBytes,
  MAX_CONFIG_BYTES,
  type PutManifestOptions,
} from '@crossdock/core'
import {
  DOCKER_MANIFEST,
  type ImageManifest,
  isConfigType,
  layerCompression,
  OCI_MANIFEST,
  parseImageConfig,
  parseManifest,
} from '@crossdock/formats'
import { readBytes } from '@crossdock/streams'
import { receive } from '../image-archive/arrival.ts'
import type { MemberWriter } from '../image-archive/member-writer.ts'
import { ATTRIBUTES, jsonMember, legacyMembers } from './legacy.ts'
import { MANIFEST_FILE } from './manifest-file.ts'

/** Best first. The archive holds no manifest, and those of both kinds name the same config and layers. */
const MANIFEST_TYPES: readonly string[] = Object.freeze([DOCKER_MANIFEST, OCI_MANIFEST])
/** What every loader reads; zstd is newer than some of them. */
const LAYER_FORMATS = Object.freeze(['none', 'gzip'] as const)

export interface DockerArchiveDestinationOptions {
  readonly reference: ImageReference
  readonly writer: MemberWriter
  /** What is written, for messages. */
  readonly what: string
  /** The name that the image has in the archive. */
  readonly name?: DockerReference | undefined
  /** Whether the archive has what programs from before `manifest.json` read. */
  readonly isForAll: boolean
  /** The operating systems whose images the reader of the archive takes. Default: every one. */
  readonly systems?: readonly string[] | undefined
}

/** What one open destination has been given. */
interface Session extends DockerArchiveDestinationOptions {
  /** They are written behind the layers. */
  readonly configs: Map<Digest, Uint8Array>
  image: ReadyImage | undefined
}

interface ReadyImage {
  readonly configDigest: Digest
  readonly config: Uint8Array
  readonly layers: readonly Digest[]
  readonly diffIds: readonly Digest[]
}

/** An archive that is being written, as a destination of one image; disposing it disposes the writer. */
export function createDockerArchiveDestination(options: DockerArchiveDestinationOptions): ImageDestination {
  const { reference, writer, systems, isForAll } = options
  const session: Session = { ...options, configs: new Map(), image: undefined }
  return Object.freeze<ImageDestination>({
    reference,
    traits: Object.freeze({
      manifestTypes: MANIFEST_TYPES,
      keepsManifests: false,
      // There are readers that judge all layers by the first one.
      sameLayerFormat: isForAll,
      layerFormats: LAYER_FORMATS,
      foreignLayers: false,
      systems,
      parallelBlobs: writer.parallelBlobs,
    }),
    putBlob: (body, blob, putOptions) => putBlob(session, { body, blob, signal: putOptions?.signal }),
    putManifest: (manifest, putOptions) => putManifest(session, manifest, putOptions),
    async commit(commitOptions) {
      commitOptions?.signal?.throwIfAborted()
      await commit(session, commitOptions?.signal)
    },
    [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
  })
}

interface PutBlob {
  readonly body: BlobBody
  readonly blob: BlobHint
  readonly signal: AbortSignal | undefined
}

async function putBlob(session: Session, { body, blob, signal }: PutBlob): Promise<Descriptor> {
  const { writer } = session
  signal?.throwIfAborted()
  const { mediaType = 'application/octet-stream', annotations } = blob
  const described = { mediaType, ...(annotations !== undefined && { annotations }) }
  if (!isConfigType(mediaType)) {
    const { digest, size } = await writer.putBlob(body, blob, signal)
    return { ...described, digest, size }
  }
  const arrival = receive(body, blob, signal)
  const bytes = await readBytes(arrival.chunks, { limitBytes: MAX_CONFIG_BYTES, what: 'the config of the image' })
  const { digest, size } = arrival.settled()
  session.configs.set(digest, bytes)
  return { ...described, digest, size }
}

async function putManifest(session: Session, manifest: ManifestBytes, options: PutManifestOptions = {}): Promise<void> {
  const { instance, signal } = options
  signal?.throwIfAborted()
  checkManifest(manifest, { types: MANIFEST_TYPES, digest: instance ?? manifest.digest, what: 'a docker archive' })
  if (instance !== undefined) {
    throw new ImageError('UNSUPPORTED', `${session.what} takes one image, and none beside it`)
  }
  const parsed = parseManifest(manifest)
  if (parsed.kind !== 'image' || isArtifact(parsed, manifest))
    throw new ImageError('UNSUPPORTED', `${manifest.digest} is no image`)
  const config = await configOf(session, parsed)
  const { diffIds } = parseImageConfig(config).rootfs
  checkLayers(session, { layers: parsed.layers, diffIds })
  signal?.throwIfAborted()
  const layers = parsed.layers.map(({ digest }) => digest)
  session.image = { configDigest: parsed.config.digest, config, layers, diffIds }
}

/** Docker's own manifests had configs of other types once. */
function isArtifact({ config }: ImageManifest, { mediaType }: ManifestBytes): boolean {
  return mediaType === OCI_MANIFEST && !isConfigType(config.mediaType)
}

/** A config that came without its media type is among the layers. */
async function configOf(session: Session, { config }: ImageManifest): Promise<Uint8Array> {
  const { writer, configs } = session
  const known = configs.get(config.digest)
  if (known !== undefined) return known
  const size = writer.stored.get(config.digest)?.size ?? 0
  if (size > MAX_CONFIG_BYTES) {
    throw new ImageError('LIMIT_EXCEEDED', `the config ${config.digest} has more than ${MAX_CONFIG_BYTES} bytes`)
  }
  const bytes = await writer.read(config.digest)
  if (bytes === undefined) throw missing([config.digest])
  session.configs.set(config.digest, bytes)
  return bytes
}

interface Layers {
  readonly layers: readonly Descriptor[]
  readonly diffIds: readonly Digest[]
}

/** Whoever loads the archive refuses layers that are not those of the config, which of packed ones cannot be seen here. */
function checkLayers({ writer }: Session, { layers, diffIds }: Layers): void {
  const absent = layers.map(({ digest }) => digest).filter((digest) => !writer.stored.has(digest))
  if (absent.length > 0) throw missing(absent)
  if (layers.length !== diffIds.length) {
    throw new ImageError(
      'INVALID_DATA',
      `the image has ${layers.length} layers, but its config ${diffIds.length} diff IDs`,
    )
  }
  for (const [place, { digest, mediaType }] of layers.entries()) {
    if (layerCompression(mediaType) === 'gzip' || digest === diffIds[place]) continue
    throw new ImageError(
      'INVALID_DATA',
      `a plain layer is named by its diff ID: layer ${place} is ${digest}, but the config says ${diffIds[place]}`,
    )
  }
}

function missing(digests: readonly Digest[]): ImageError {
  return new ImageError('INVALID_DATA', `the manifest needs ${digests.join(', ')}, which was not put`, {
    missing: digests,
  })
}

async function commit({ writer, image, name, isForAll }: Session, signal?: AbortSignal): Promise<void> {
  if (image === undefined) throw new ImageError('INVALID_DATA', 'there is nothing to commit: no manifest was put')
  const { configDigest, config, diffIds } = image
  const layers = image.layers.map((digest) => writer.stored.get(digest)?.path ?? '')
  const configPath = `${digestEncoded(configDigest)}.json`
  const configMember = { header: { ...ATTRIBUTES, path: configPath }, content: config }
  const list = jsonMember(MANIFEST_FILE, [
    {
      Config: configPath,
      RepoTags: name === undefined ? null : [formatDockerReference(name)],
      Layers: layers,
    },
  ])
  if (!isForAll) return await writer.commit([configMember, list], signal)
  const { folders, repositories } = legacyMembers({ layers, diffIds, config, name })
  await writer.commit([configMember, ...folders, list, repositories], signal)
}
