import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, parseDigest } from '@crossdock/core'
import { openStore, type NewImageRecord } from '@crossdock/store'

/** Manifest, configuration and layers. */
export const BLOBS_OF_AN_IMAGE = 10

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const CONFIG = 'application/vnd.oci.image.config.v1+json'
const LAYER = 'application/vnd.oci.image.layer.v1.tar'
const IMAGES_AT_ONCE = 16
const NAMES_AT_ONCE = 2500

/** How the images of a filled store are called, and what their labels are. */
export function nameOf(image: number): string {
  return `registry.example.com/team${image % 50}/app${image}:1`
}

/**
 * Makes a store with so many images of ten blobs each, none in common, of a few hundred bytes: what is measured grows with their number
 * and not with their size. The files are written as other programs would write them, the names through the store.
 */
export async function fillStore(folder: string, images: number, signal?: AbortSignal): Promise<void> {
  await using store = await openStore({ folder, durability: 'fast' })
  await mkdir(join(folder, 'blobs/sha256'), { recursive: true })
  let records: NewImageRecord[] = []
  for (let first = 0; first < images; first += IMAGES_AT_ONCE) {
    signal?.throwIfAborted()
    const numbers = Array.from({ length: Math.min(IMAGES_AT_ONCE, images - first) }, (_, at) => first + at)
    records.push(...(await Promise.all(numbers.map((image) => writeImage(folder, image)))))
    if (records.length < NAMES_AT_ONCE) continue
    await store.images.putAll(records)
    records = []
  }
  await store.images.putAll(records)
}

async function writeImage(folder: string, image: number): Promise<NewImageRecord> {
  const layers = Array.from({ length: BLOBS_OF_AN_IMAGE - 2 }, (_, layer) =>
    Buffer.from(`layer ${layer} of ${image}\n`.repeat(10)),
  )
  const described = await Promise.all(layers.map((bytes) => writeBlob(folder, bytes, LAYER)))
  const rootfs = { type: 'layers', diff_ids: described.map(({ digest }) => digest) }
  const config = await writeBlob(folder, json({ architecture: 'amd64', os: 'linux', rootfs }), CONFIG)
  const manifest = { schemaVersion: 2, mediaType: MANIFEST, config, layers: described }
  const target = await writeBlob(folder, json(manifest), MANIFEST)
  return { name: nameOf(image), target, labels: { team: `team${image % 50}` } }
}

interface Written {
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
}

async function writeBlob(folder: string, bytes: Buffer, mediaType: string): Promise<Written> {
  const hex = createHash('sha256').update(bytes).digest('hex')
  await writeFile(join(folder, 'blobs/sha256', hex), bytes, { mode: 0o444 })
  return { mediaType, digest: parseDigest(`sha256:${hex}`), size: bytes.byteLength }
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}
