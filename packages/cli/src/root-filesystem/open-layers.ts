import { availableParallelism } from 'node:os'
import { readRootTree, type RootLayer, type RootTree } from '@crossdock/archive'
import {
  type Descriptor,
  ImageError,
  imageName,
  type ImageReference,
  type ImageSource,
  quoteForeign,
  unparsedImage,
} from '@crossdock/core'
import {
  chooseInstance,
  hostPlatform,
  type Image,
  imageOf,
  isEncryptedLayerType,
  isLayerType,
  parsePlatform,
  readDocument,
} from '@crossdock/formats'
import { createThrottle, decompress, verifyBlob } from '@crossdock/streams'
import type { Operation } from '../invocation.ts'

/** A layer of an image. Each `open` reads it from the source, verifies it and unpacks it. */
export interface ImageLayer {
  readonly descriptor: Descriptor
  open(signal: AbortSignal): AsyncIterable<Uint8Array>
}

/** An image whose files can be read. */
export interface LayeredImage {
  readonly reference: ImageReference
  readonly image: Image
  /** Lowest first. */
  readonly layers: readonly ImageLayer[]
  /** How many of them may be read at once. */
  readonly concurrency: number
}

export interface OpenLayersOptions {
  /** `os/arch[/variant]`. Default: linux on this machine's CPU. */
  readonly platform: string | undefined
  readonly operation: Operation
}

/** No layer unpacks to more than this: 1 TiB. What unpacks to much more than it was is refused long before. */
const MAX_UNPACKED_BYTES = 2 ** 40

/** Each that is read takes a thread of the pool, which has four, and the names that are in it. */
const MOST_AT_ONCE = 3

/**
 * Gives an image's layers to `work`, and closes the image whatever happens. Throws `NOT_FOUND` if there is no such image or no instance
 * for the platform, and `UNSUPPORTED` for an artifact and for encrypted layers.
 */
export async function withLayers<Value>(
  reference: ImageReference,
  options: OpenLayersOptions,
  work: (image: LayeredImage) => Promise<Value>,
): Promise<Value> {
  const source = await ofImage(reference, async () => await openReadable(reference, options.operation))
  try {
    return await work(await layersOf(source, options))
  } finally {
    await source[Symbol.asyncDispose]()
  }
}

/** The versions of Node.js whose V8 is known to have the flag: another one would complain on stderr. */
const WITH_GROWTH_FACTOR = new Set(['22', '23', '24', '25', '26'])

/**
 * Members of layers are many small objects that are gone at once, and V8 makes room for more and more of them before it looks: 80 MB that are
 * no use and make nothing faster.
 */
function keepNewSpaceSmall(): void {
  const [major = ''] = process.versions.node.split('.')
  if (!WITH_GROWTH_FACTOR.has(major)) return
  process.getBuiltinModule('node:v8').setFlagsFromString('--semi-space-growth-factor=1')
}

async function openReadable(reference: ImageReference, operation: Operation): Promise<ImageSource> {
  const source = await reference.openSource?.(operation)
  if (source !== undefined) return source
  throw new ImageError('UNSUPPORTED', 'images cannot be read from here: it is only written to')
}

/** The image behind a source, whose layers are about to be read, once each. Throws as `withLayers` does. */
export async function layersOf(source: ImageSource, options: OpenLayersOptions): Promise<LayeredImage> {
  keepNewSpaceSmall()
  const image = await ofImage(source.reference, () => readLayers(source, options))
  announce(image.layers, options.operation)
  return image
}

async function readLayers(source: ImageSource, { platform, operation }: OpenLayersOptions): Promise<LayeredImage> {
  const { reference } = source
  const document = await readDocument(unparsedImage(source), operation)
  const wanted = platform === undefined ? hostPlatform() : parsePlatform(platform)
  const image = imageOf(await chooseInstance(source, document, { ...operation, platform: wanted }), source)
  const descriptors = await image.layers(operation)
  for (const descriptor of descriptors) checkLayer(descriptor)
  const layers = descriptors.map((descriptor) => ({
    descriptor,
    open: (signal: AbortSignal) => readLayer(source, descriptor, { ...operation, signal }),
  }))
  const { parallelBlobs = 6 } = source.traits
  return { reference, image, layers, concurrency: Math.min(parallelBlobs, availableParallelism(), MOST_AT_ONCE) }
}

function checkLayer({ mediaType, digest }: Descriptor): void {
  const type = `"${quoteForeign(mediaType, 100)}"`
  if (!isLayerType(mediaType)) {
    throw new ImageError('UNSUPPORTED', `${digest} is a ${type} and no layer: only images have a root filesystem`)
  }
  if (isEncryptedLayerType(mediaType)) {
    throw new ImageError('UNSUPPORTED', `${digest} is a ${type}: encrypted layers cannot be looked into`)
  }
}

/** Says that these layers are about to be read, once each. */
export function announce(layers: readonly ImageLayer[], { onProgress }: Operation): void {
  const bytes = layers.reduce((total, { descriptor }) => total + descriptor.size, 0)
  onProgress({ type: 'plan', manifests: 1, blobs: layers.length, bytes })
}

async function* readLayer(
  source: ImageSource,
  descriptor: Descriptor,
  operation: Operation,
): AsyncGenerator<Uint8Array> {
  const reader = await source.getBlob(descriptor, operation)
  try {
    const packed = verifyBlob(reportRead(reader, descriptor, operation), descriptor)
    yield* decompress(packed, { limitBytes: MAX_UNPACKED_BYTES })
  } finally {
    await reader[Symbol.asyncDispose]()
  }
}

const REPORT_INTERVAL_MS = 100

async function* reportRead(
  reader: AsyncIterable<Uint8Array>,
  blob: Descriptor,
  { onProgress }: Operation,
): AsyncGenerator<Uint8Array> {
  const { digest, size } = blob
  const isTime = createThrottle(REPORT_INTERVAL_MS)
  let position = 0
  onProgress({ type: 'blob:start', blob, offset: 0 })
  for await (const chunk of reader) {
    position += chunk.byteLength
    if (isTime()) onProgress({ type: 'blob:bytes', digest, position, size })
    yield chunk
  }
  onProgress({ type: 'blob:done', digest, size, moved: position })
}

/** The layers as the archive reads them, under one signal. */
export function rootLayers(layers: readonly ImageLayer[], signal: AbortSignal): readonly RootLayer[] {
  return layers.map((layer) => ({ open: () => layer.open(signal) }))
}

export interface ReadTreeOptions {
  readonly signal: AbortSignal
  /** Whether the content of every file is hashed. Default: false. */
  readonly digests?: boolean | undefined
  /** Whether it is kept what each layer changes. Default: false. */
  readonly changes?: boolean | undefined
}

/** Reads each layer once. Throws what `readRootTree` throws and what reading layers throws, naming the image. */
export function readTree(image: LayeredImage, options: ReadTreeOptions): Promise<RootTree> {
  const { reference, layers, concurrency } = image
  return ofImage(reference, () =>
    readRootTree(rootLayers(layers, options.signal), { changes: false, ...options, concurrency }),
  )
}

/** Runs what reads an image; its failure says which one. */
async function ofImage<Value>(reference: ImageReference, read: () => Promise<Value>): Promise<Value> {
  try {
    return await read()
  } catch (reason) {
    throw reason instanceof ImageError ? ImageError.from(reason, reason.code, { image: imageName(reference) }) : reason
  }
}
