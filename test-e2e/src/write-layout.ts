import { createHash, randomFillSync } from 'node:crypto'
import { mkdir, open, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, parseDigest } from '@crossdock/core'
import { sha256 } from './registry-content.ts'

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const CONFIG = 'application/vnd.oci.image.config.v1+json'
const LAYER = 'application/vnd.oci.image.layer.v1.tar'
const PIECE_BYTES = 1024 * 1024

export interface WrittenImage {
  readonly folder: string
  readonly digest: Digest
  /** Digests of the layers, in order. */
  readonly layers: readonly string[]
  /** Their sizes in bytes. */
  readonly sizes: readonly number[]
  /** Digest of the configuration. */
  readonly config: string
  /** Bytes of the layers and the configuration together. */
  readonly bytes: number
}

/**
 * Writes an OCI layout with one image, `latest`, whose layers have exactly these sizes in bytes. Their content is `random`, which
 * nobody has seen before, or `zeros`, which take no space on the disk; a tar it is in neither case.
 */
export async function writeLayout(
  folder: string,
  { layers: sizes, content }: { readonly layers: readonly number[]; readonly content: 'random' | 'zeros' },
): Promise<WrittenImage> {
  const blobs = join(folder, 'blobs/sha256')
  await mkdir(blobs, { recursive: true })
  const layers: { mediaType: string; digest: string; size: number }[] = []
  for (const size of sizes) layers.push({ mediaType: LAYER, digest: await writeLayer(blobs, size, content), size })
  const rootfs = { type: 'layers', diff_ids: layers.map(({ digest }) => digest) }
  const config = await writeDocument(blobs, CONFIG, { architecture: 'amd64', os: 'linux', rootfs })
  const manifest = await writeDocument(blobs, MANIFEST, { schemaVersion: 2, mediaType: MANIFEST, config, layers })
  const annotations = { 'org.opencontainers.image.ref.name': 'latest' }
  await writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  await writeFile(
    join(folder, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }),
  )
  const bytes = layers.reduce((sum, { size }) => sum + size, config.size)
  return {
    folder,
    digest: parseDigest(manifest.digest),
    layers: layers.map(({ digest }) => digest),
    sizes,
    config: config.digest,
    bytes,
  }
}

async function writeDocument(
  blobs: string,
  mediaType: string,
  document: unknown,
): Promise<{ mediaType: string; digest: string; size: number }> {
  const bytes = Buffer.from(JSON.stringify(document))
  const digest = sha256(bytes)
  await writeFile(join(blobs, digest.slice('sha256:'.length)), bytes)
  return { mediaType, digest, size: bytes.byteLength }
}

async function writeLayer(blobs: string, size: number, content: 'random' | 'zeros'): Promise<string> {
  const path = join(blobs, 'unfinished')
  const file = await open(path, 'w')
  const hash = createHash('sha256')
  const piece = Buffer.alloc(PIECE_BYTES)
  if (content === 'zeros') await file.truncate(size)
  for (let at = 0; at < size; at += PIECE_BYTES) {
    const bytes = piece.subarray(0, Math.min(PIECE_BYTES, size - at))
    hash.update(content === 'random' ? randomFillSync(bytes) : bytes)
    if (content === 'random') await file.write(bytes)
  }
  await file.close()
  const encoded = hash.digest('hex')
  await rename(path, join(blobs, encoded))
  return `sha256:${encoded}`
}
