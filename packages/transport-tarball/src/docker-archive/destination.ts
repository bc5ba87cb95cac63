import type { TarHeaderInput } from '@crossdock/archive'
import { quotePath } from '@crossdock/blob-files'
import {
  type BlobBody,
  type BlobHint,
  type Descriptor,
  type Digest,
  digestEncoded,
  formatDockerReference,
  ImageError,
  type ImageDestination,
  type ManifestBytes,
  MAX_CONFIG_BYTES,
  type OperationOptions,
  type PutManifestOptions,
} from '@crossdock/core'
import { DOCKER_MANIFEST, type ImageManifest, isConfigType, parseImageConfig, parseManifest } from '@crossdock/formats'
import { readBytes } from '@crossdock/streams'
import { type ArchiveWriter, checkTarget, createArchiveWriter } from '../archive-file/archive-writer.ts'
import { receive } from '../archive-file/arrival.ts'
import { checkManifest } from '../archive-file/check-manifest.ts'
import { ATTRIBUTES, jsonMember, layerPath, legacyMembers } from './legacy.ts'
import { MANIFEST_FILE } from './manifest-file.ts'
import type { OpenOptions } from './open-options.ts'

const MANIFEST_TYPES: readonly string[] = Object.freeze([DOCKER_MANIFEST])

/** What one open destination has been given. */
interface Session extends OpenOptions {
  readonly writer: ArchiveWriter
  /** They are written behind the layers. */
  readonly configs: Map<Digest, Uint8Array>
  image: ReadyImage | undefined
}

interface ReadyImage {
  readonly configDigest: Digest
  readonly config: Uint8Array
  readonly layers: readonly Digest[]
}

/**
 * Opens a file for writing; an archive that is there is replaced by `commit`, and nothing is created before the first write. Throws
 * `CONFLICT` if something else is there, `NOT_FOUND` if its folder is not.
 */
export async function openDestination(
  opened: OpenOptions,
  operation: OperationOptions = {},
): Promise<ImageDestination> {
  operation.signal?.throwIfAborted()
  const { reference, file, options } = opened
  await checkTarget(file)
  operation.signal?.throwIfAborted()
  const writer = createArchiveWriter({ path: file, durable: options.durable, memberOf })
  const session: Session = { ...opened, writer, configs: new Map(), image: undefined }
  return Object.freeze<ImageDestination>({
    reference,
    traits: Object.freeze({
      manifestTypes: MANIFEST_TYPES,
      layerCompression: 'decompress',
      foreignLayers: false,
      parallelBlobs: 1,
    }),
    putBlob: (body, blob, putOptions) => putBlob(session, { body, blob, signal: putOptions?.signal }),
    putManifest: (manifest, putOptions) => putManifest(session, manifest, putOptions),
    async commit(commitOptions) {
      commitOptions?.signal?.throwIfAborted()
      await commit(session)
    },
    [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
  })
}

function memberOf(digest: Digest): TarHeaderInput {
  return { ...ATTRIBUTES, path: layerPath(digest) }
}

interface PutBlob {
  readonly body: BlobBody
  readonly blob: BlobHint
  readonly signal: AbortSignal | undefined
}

async function putBlob({ writer, configs }: Session, { body, blob, signal }: PutBlob): Promise<Descriptor> {
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
  configs.set(digest, bytes)
  return { ...described, digest, size }
}

async function putManifest(session: Session, manifest: ManifestBytes, options: PutManifestOptions = {}): Promise<void> {
  const { instance, signal } = options
  signal?.throwIfAborted()
  checkManifest(manifest, { types: MANIFEST_TYPES, digest: instance ?? manifest.digest, what: 'a docker archive' })
  if (instance !== undefined) {
    throw new ImageError('UNSUPPORTED', `${quotePath(session.file)} takes one image, and none beside it`)
  }
  const parsed = parseManifest(manifest)
  if (parsed.kind !== 'image') throw new ImageError('UNSUPPORTED', `${manifest.digest} is no image`)
  const config = await configOf(session, parsed)
  const layers = parsed.layers.map(({ digest }) => digest)
  checkLayers(session, { layers, diffIds: parseImageConfig(config).rootfs.diffIds })
  signal?.throwIfAborted()
  session.image = { configDigest: parsed.config.digest, config, layers }
}

/** A config that came without its media type is among the layers. */
async function configOf({ writer, configs }: Session, { config }: ImageManifest): Promise<Uint8Array> {
  const known = configs.get(config.digest)
  if (known !== undefined) return known
  const stored = writer.stored.get(config.digest)
  if (stored === undefined) throw missing([config.digest])
  if (stored.size <= MAX_CONFIG_BYTES) return await writer.read(stored)
  throw new ImageError('LIMIT_EXCEEDED', `the config ${config.digest} has more than ${MAX_CONFIG_BYTES} bytes`)
}

interface Layers {
  readonly layers: readonly Digest[]
  readonly diffIds: readonly Digest[]
}

/** Whoever loads the archive refuses layers that are not those of the config. */
function checkLayers({ writer }: Session, { layers, diffIds }: Layers): void {
  const absent = layers.filter((digest) => !writer.stored.has(digest))
  if (absent.length > 0) throw missing(absent)
  const wrong = layers.findIndex((digest, place) => digest !== diffIds[place])
  if (wrong < 0 && layers.length === diffIds.length) return
  const problem =
    wrong < 0
      ? `the image has ${layers.length} layers, but its config ${diffIds.length} diff IDs`
      : `layer ${wrong} is ${layers[wrong]}, but the config says ${diffIds[wrong] ?? 'nothing'}`
  throw new ImageError('INVALID_DATA', `a docker archive holds plain layers, named by their diff IDs: ${problem}`)
}

function missing(digests: readonly Digest[]): ImageError {
  return new ImageError('INVALID_DATA', `the manifest needs ${digests.join(', ')}, which was not put`, {
    missing: digests,
  })
}

async function commit({ writer, image, selection }: Session): Promise<void> {
  if (image === undefined) throw new ImageError('INVALID_DATA', 'there is nothing to commit: no manifest was put')
  const { configDigest, config, layers } = image
  const { name } = selection
  const configPath = `${digestEncoded(configDigest)}.json`
  const { folders, repositories } = legacyMembers({ layers, config, name })
  const list = jsonMember(MANIFEST_FILE, [
    {
      Config: configPath,
      RepoTags: name === undefined ? null : [formatDockerReference(name)],
      Layers: layers.map(layerPath),
    },
  ])
  const configMember = { header: { ...ATTRIBUTES, path: configPath }, content: config }
  await writer.commit([configMember, ...folders, list, repositories])
}
