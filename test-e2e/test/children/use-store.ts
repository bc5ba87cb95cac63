// Uses a store as several people would for some time, and says what it did, before and after: FOLDER OWNER SEED MILLISECONDS
import { bytesBody, type Descriptor, digestOf, ImageError, type ImageReference } from '@crossdock/core'
import { openStore } from '@crossdock/store'
import { storeTransport } from '@crossdock/store'
import { ociDirTransport } from '@crossdock/transport-oci-dir'

const [folder = '', owner = '', seed = '1', milliseconds = '1000'] = process.argv.slice(2)
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const CONFIG = 'application/vnd.oci.image.config.v1+json'
const LAYER = 'application/vnd.oci.image.layer.v1.tar'
const NAMES = 6
/** All processes have the same layers, so that they come and go all the time. */
const LAYERS = 16

let state = Number(seed)
function random(below: number): number {
  state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
  return Math.floor((state / 2_147_483_648) * below)
}

function say(...words: readonly string[]): void {
  process.stdout.write(`${words.join(' ')}\n`)
}

const store = await openStore({ folder })
const transport = storeTransport({ store })
const layouts = ociDirTransport()
/** Names of this process, and what they stand for. */
const own = new Map<string, Descriptor>()

function nameOf(kind: string): string {
  return `example.com/${owner}/${kind}:${random(NAMES)}`
}

interface Blob {
  readonly descriptor: Descriptor
  readonly bytes: Uint8Array
}

function blobOf(bytes: Uint8Array, mediaType: string): Blob {
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.byteLength } }
}

function layerOf(number: number): Blob {
  return blobOf(new Uint8Array(1000 + number * 4000).fill(number), LAYER)
}

/** Puts an image as the engine does: what is there is used, the rest is brought in. */
async function put(reference: ImageReference, name: string): Promise<void> {
  await using destination = await reference.openDestination?.()
  if (destination === undefined) throw new Error('cannot be written to')
  const layers = Array.from({ length: 1 + random(4) }, () => layerOf(random(LAYERS)))
  const config = blobOf(new TextEncoder().encode(JSON.stringify({ owner, number: random(3) })), CONFIG)
  for (const { descriptor, bytes } of [config, ...layers])
    if ((await destination.reuseBlob?.(descriptor)) === undefined)
      await destination.putBlob(bytesBody(bytes), descriptor)
  const document = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: config.descriptor,
    layers: layers.map(({ descriptor }) => descriptor),
  }
  const manifest = blobOf(new TextEncoder().encode(JSON.stringify(document)), MANIFEST)
  say('storing', name, manifest.descriptor.digest)
  await destination.putManifest({ bytes: manifest.bytes, mediaType: MANIFEST, digest: manifest.descriptor.digest })
  await destination.commit()
  say('stored', name, manifest.descriptor.digest)
  own.set(name, manifest.descriptor)
}

async function pull(): Promise<void> {
  const name = nameOf('pulled')
  await put(transport.parseReference(name), name)
}

/** Another program of this project writes to the same folder, and knows nothing of the store. */
async function copyToLayout(): Promise<void> {
  const name = nameOf('copied')
  await put(layouts.parseReference(`${folder}:${name}`), name)
}

async function tag(): Promise<void> {
  const [target] = [...own.values()].toReversed()
  if (target === undefined) return
  const name = nameOf('tagged')
  say('storing', name, target.digest)
  await store.images.put({ name, target })
  say('stored', name, target.digest)
  own.set(name, target)
}

async function remove(): Promise<void> {
  const [name] = [...own.keys()].filter(() => random(3) === 0)
  if (name === undefined) return
  say('deleting', name)
  await store.images.delete(name)
  say('deleted', name)
  own.delete(name)
}

async function collect(): Promise<void> {
  const { blobs } = await store.collect({ minAgeMs: 0, minIngestAgeMs: 0 })
  say('collected', String(blobs))
}

/** The first named is the one that the last used one stands for. */
const WORK = [pull, pull, pull, copyToLayout, tag, remove, remove, collect] as const

const end = performance.now() + Number(milliseconds)
while (performance.now() < end) {
  const work = WORK[random(WORK.length)]
  try {
    await work?.()
  } catch (reason) {
    if (!(reason instanceof ImageError) || !reason.retryable) throw reason
    say('failed', work?.name ?? '', reason.code, reason.message)
  }
}
say('ended')
await store[Symbol.asyncDispose]()
