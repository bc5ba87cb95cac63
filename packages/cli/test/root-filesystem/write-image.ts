import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type TarInput, writeTar } from '@crossdock/archive'
import { digestOf } from '@crossdock/core'

const INDEX = 'application/vnd.oci.image.index.v1+json'
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const CONFIG = 'application/vnd.oci.image.config.v1+json'
const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip'

/** The members of a layer, or its tar. */
export type LayerInput = readonly TarInput[] | Uint8Array

export interface ImageDocuments {
  /** Of the config. Default: none. */
  readonly history?: readonly object[] | undefined
  /** Of every layer. Default: gzip. */
  readonly layerType?: string | undefined
  /** Default: true. */
  readonly isPacked?: boolean | undefined
}

/** Writes an OCI layout with one image, `x`, into a new folder; the name by which it is read. */
export async function writeImage(
  root: string,
  layers: readonly LayerInput[],
  { history = [], layerType = LAYER, isPacked = true }: ImageDocuments = {},
): Promise<string> {
  const place = await mkdtemp(join(root, 'image-'))
  const blobs = join(place, 'blobs/sha256')
  await mkdir(blobs, { recursive: true })
  const keep = async (bytes: Uint8Array, mediaType: string): Promise<object> => {
    const digest = digestOf(bytes)
    await writeFile(join(blobs, digest.slice('sha256:'.length)), bytes)
    return { mediaType, digest, size: bytes.byteLength }
  }
  const keepJson = (value: object, mediaType: string): Promise<object> =>
    keep(Buffer.from(JSON.stringify(value)), mediaType)
  const tars = await Promise.all(layers.map(tarOf))
  const rootfs = { type: 'layers', diff_ids: tars.map((tar) => digestOf(tar)) }
  const config = await keepJson({ architecture: 'amd64', os: 'linux', rootfs, history }, CONFIG)
  const kept = await Promise.all(tars.map((tar) => keep(isPacked ? gzipSync(tar) : tar, layerType)))
  const manifest = { schemaVersion: 2, mediaType: MANIFEST, config, layers: kept }
  const annotations = { 'org.opencontainers.image.ref.name': 'x' }
  const entry = { ...(await keepJson(manifest, MANIFEST)), annotations }
  await writeFile(join(place, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  await writeFile(join(place, 'index.json'), JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [entry] }))
  return `oci:${place}:x`
}

export async function tarOf(layer: LayerInput): Promise<Uint8Array> {
  if (layer instanceof Uint8Array) return layer
  const chunks: Uint8Array[] = []
  for await (const chunk of writeTar(layer)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export function file(path: string, text = '', more: Partial<TarInput> = {}): TarInput {
  const content = Buffer.from(text)
  return { path, size: content.byteLength, content, ...more }
}

export function folder(path: string, more: Partial<TarInput> = {}): TarInput {
  return { path, type: 'directory', ...more }
}

export function symlink(path: string, linkName: string): TarInput {
  return { path, type: 'symlink', linkName }
}

/** An image of two layers with one of most things. */
export function sampleImage(root: string): Promise<string> {
  return writeImage(root, [
    [
      folder('etc', { mode: 0o755 }),
      file('etc/one', 'first', { mode: 0o4755, uid: 5, gid: 6, uname: 'u', mtime: 1_700_000_000 }),
      file('etc/old', 'old'),
      file('etc/gone', 'gone'),
      symlink('link', 'etc/one'),
      symlink('out', '../../../../../../etc/hostname'),
      { path: 'dev/null', type: 'character-device', device: { major: 1, minor: 3 } },
    ],
    [
      file('etc/.wh.gone'),
      file('etc/one', 'second', { mtime: 1.5 }),
      { path: 'hard', type: 'hardlink', linkName: 'etc/old' },
    ],
  ])
}
