import {
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
  OCI_MANIFEST,
  parseImageConfig,
  parseManifest,
} from '@crossdock/formats'
import { readBytes } from '@crossdock/streams'
import { receive } from '../image-archive/arrival.ts'
import { checkManifest } from '../image-archive/check-manifest.ts'
import type { MemberWriter } from '../image-archive/member-writer.ts'
import { ATTRIBUTES, jsonMember, legacyMembers } from './legacy.ts'
import { MANIFEST_FILE } from './manifest-file.ts'

/** By what is done to layers, best first. The archive holds no manifest, and those of both kinds name the same config and layers. */
const MANIFEST_TYPES: Readonly<Record<'decompress' | 'preserve', readonly string[]>> = {
  decompress: Object.freeze([DOCKER_MANIFEST]),
  // Docker's manifests have no type for layers that are packed with zstd.
  preserve: Object.freeze([DOCKER_MANIFEST, OCI_MANIFEST]),
}

export interface DockerArchiveDestinationOptions {
  readonly reference: ImageReference
  readonly writer: MemberWriter
  /** What is written, for messages. */
  readonly what: string
  /** The name that the image has in the archive. */
  readonly name?: DockerReference | undefined
  /**
   * `decompress`: layers are plain, as `docker save` writes them, and the archive has what programs from before `manifest.json` read. `preserve`:
   * layers are as they come, for a reader that unpacks them.
   */
  readonly layers: 'decompress' | 'preserve'
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
}

/** An archive that is being written, as a destination of one image; disposing it disposes the writer. */
export function createDockerArchiveDestination(options: DockerArchiveDestinationOptions): ImageDestination {
  const { reference, writer, layers, systems } = options
  const session: Session = { ...options, configs: new Map(), image: undefined }
  return Object.freeze<ImageDestination>({
    reference,
    traits: Object.freeze({
      manifestTypes: MANIFEST_TYPES[layers],
      layerCompression: layers,
      foreignLayers: false,
      systems,
      parallelBlobs: 1,
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
  const types = MANIFEST_TYPES[session.layers]
  checkManifest(manifest, { types, digest: instance ?? manifest.digest, what: 'a docker archive' })
  if (instance !== undefined) {
    throw new ImageError('UNSUPPORTED', `${session.what} takes one image, and none beside it`)
  }
  const parsed = parseManifest(manifest)
  if (parsed.kind !== 'image' || isArtifact(parsed, manifest))
    throw new ImageError('UNSUPPORTED', `${manifest.digest} is no image`)
  const config = await configOf(session, parsed)
  const layers = parsed.layers.map(({ digest }) => digest)
  checkLayers(session, { layers, diffIds: parseImageConfig(config).rootfs.diffIds })
  signal?.throwIfAborted()
  session.image = { configDigest: parsed.config.digest, config, layers }
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
  readonly layers: readonly Digest[]
  readonly diffIds: readonly Digest[]
}

/** Whoever loads the archive refuses layers that are not those of the config. */
function checkLayers({ writer, layers: kept }: Session, { layers, diffIds }: Layers): void {
  const absent = layers.filter((digest) => !writer.stored.has(digest))
  if (absent.length > 0) throw missing(absent)
  if (layers.length !== diffIds.length) {
    throw new ImageError(
      'INVALID_DATA',
      `the image has ${layers.length} layers, but its config ${diffIds.length} diff IDs`,
    )
  }
  const wrong = kept === 'preserve' ? -1 : layers.findIndex((digest, place) => digest !== diffIds[place])
  if (wrong < 0) return
  throw new ImageError(
    'INVALID_DATA',
    `a docker archive holds plain layers, named by their diff IDs: layer ${wrong} is ${layers[wrong]}, but the config says ${diffIds[wrong]}`,
  )
}

function missing(digests: readonly Digest[]): ImageError {
  return new ImageError('INVALID_DATA', `the manifest needs ${digests.join(', ')}, which was not put`, {
    missing: digests,
  })
}

async function commit({ writer, image, name, layers: kept }: Session, signal?: AbortSignal): Promise<void> {
  if (image === undefined) throw new ImageError('INVALID_DATA', 'there is nothing to commit: no manifest was put')
  const { configDigest, config, layers } = image
  const configPath = `${digestEncoded(configDigest)}.json`
  const configMember = { header: { ...ATTRIBUTES, path: configPath }, content: config }
  const list = jsonMember(MANIFEST_FILE, [
    {
      Config: configPath,
      RepoTags: name === undefined ? null : [formatDockerReference(name)],
      Layers: layers.map((digest) => writer.stored.get(digest)?.path),
    },
  ])
  if (kept === 'preserve') return await writer.commit([configMember, list], signal)
  const { folders, repositories } = legacyMembers({ layers, config, name })
  await writer.commit([configMember, ...folders, list, repositories], signal)
}
