import { blobPath, INDEX_FILE, MARKER_FILE, type TarInput, writeTar } from '@crossdock/archive'
import {
  type Descriptor,
  digestEncoded,
  familiarDockerReference,
  ImageError,
  type ImageSource,
  type ManifestBytes,
  type OperationOptions,
  parseDockerReference,
} from '@crossdock/core'
import {
  blobsOf,
  emptyLayoutIndex,
  type ImageManifest,
  isForeignLayer,
  layerCompression,
  LAYOUT_MARKER,
  member,
  parseManifest,
  serializeLayoutIndex,
  withLayoutEntries,
  layoutEntry,
} from '@crossdock/formats'
import { verifyBlob } from '@crossdock/streams'

export interface ImageTarOptions extends OperationOptions {
  /** What the image is called in the archive. */
  readonly name: string
}

/** An image, or an index with the entries that are named, and where its parts are read. */
export interface TarContent {
  readonly source: ImageSource
  readonly manifest: ManifestBytes
  /** The manifests below it, children first. */
  readonly children: readonly ManifestBytes[]
}

/**
 * An OCI image layout in a tar; each blob is in it once, verified as it is read. Whatever is wrong with a blob ends the stream with an error.
 */
export function ociTar(
  { source, manifest, children }: TarContent,
  options: ImageTarOptions,
): AsyncIterable<Uint8Array> {
  return writeTar(ociMembers({ source, manifest, children }, options))
}

async function* ociMembers(
  { source, manifest, children }: TarContent,
  { name, signal }: ImageTarOptions,
): AsyncGenerator<TarInput> {
  const { mediaType, digest, bytes } = manifest
  yield file(MARKER_FILE, new TextEncoder().encode(LAYOUT_MARKER))
  const written = new Set<string>()
  for (const document of [...children, manifest]) {
    for (const blob of [...blobsOf(parseManifest(document)), described(document)]) {
      if (written.has(blob.digest)) continue
      written.add(blob.digest)
      const path = blobPath(blob.digest)
      if (blob.digest === document.digest) yield file(path, document.bytes)
      else if (!isForeignLayer(blob)) yield { path, size: blob.size, content: () => content(source, blob, signal) }
    }
  }
  const entry = layoutEntry({ mediaType, digest, size: bytes.byteLength }, name)
  const annotations = { ...objectOf(member(entry.value, 'annotations')), 'io.containerd.image.name': name }
  const named = { ...entry, value: { ...entry.value, annotations } }
  yield file(INDEX_FILE, serializeLayoutIndex(withLayoutEntries(emptyLayoutIndex(INDEX_FILE), [named])))
}

function objectOf(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {}
}

/**
 * What `docker load` reads: configuration, layers as they are packed, and `manifest.json`. Whatever is wrong with a blob ends the stream with
 * an error. Throws `UNSUPPORTED` for layers that are elsewhere.
 */
export function dockerTar(
  { source, manifest }: Omit<TarContent, 'children'>,
  options: ImageTarOptions,
): AsyncIterable<Uint8Array> {
  const parsed = parseManifest(manifest)
  if (parsed.kind === 'index') throw new ImageError('UNSUPPORTED', 'a docker archive holds single images, no index')
  if (parsed.layers.some(isForeignLayer))
    throw new ImageError('UNSUPPORTED', 'the image has layers that are kept elsewhere; a docker archive needs them')
  return writeTar(dockerMembers(source, parsed, options))
}

async function* dockerMembers(
  source: ImageSource,
  { config, layers }: ImageManifest,
  { name, signal }: ImageTarOptions,
): AsyncGenerator<TarInput> {
  const configPath = `${digestEncoded(config.digest)}.json`
  yield { path: configPath, size: config.size, content: () => content(source, config, signal) }
  const paths = new Map(layers.map((layer) => [layer.digest, layerPath(layer)]))
  for (const layer of new Map(layers.map((one) => [one.digest, one])).values())
    yield { path: layerPath(layer), size: layer.size, content: () => content(source, layer, signal) }
  const tag = dockerTag(name)
  const list = [
    {
      Config: configPath,
      RepoTags: tag === undefined ? null : [tag],
      Layers: layers.map(({ digest }) => paths.get(digest)),
    },
  ]
  yield file('manifest.json', new TextEncoder().encode(JSON.stringify(list)))
}

const SUFFIXES: Readonly<Record<string, string>> = { gzip: '.tar.gz', zstd: '.tar.zst' }

function layerPath({ mediaType, digest }: Descriptor): string {
  return digestEncoded(digest) + (SUFFIXES[layerCompression(mediaType) ?? ''] ?? '.tar')
}

/** Docker's archives have tags, and no digests. */
function dockerTag(name: string): string | undefined {
  try {
    const { domain, path, tag } = parseDockerReference(name)
    return tag === undefined ? undefined : familiarDockerReference({ domain, path, tag })
  } catch (reason) {
    if (reason instanceof ImageError) return undefined
    throw reason
  }
}

async function* content(
  source: ImageSource,
  blob: Descriptor,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  await using body = await source.getBlob(blob, { signal })
  yield* verifyBlob(body, blob)
}

function file(path: string, bytes: Uint8Array): TarInput {
  return { path, size: bytes.byteLength, content: bytes }
}

function described({ mediaType, digest, bytes }: ManifestBytes): Descriptor {
  return { mediaType, digest, size: bytes.byteLength }
}
