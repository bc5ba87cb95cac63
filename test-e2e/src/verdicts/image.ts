import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

/** The one image of the tables. */
export interface TableImage {
  readonly manifest: Buffer
  readonly digest: string
  /** Config and layer by digest. */
  readonly blobs: ReadonlyMap<string, Buffer>
}

export const MANIFEST_TYPE = 'application/vnd.docker.distribution.manifest.v2+json'

export function tableImage(): TableImage {
  const tar = Buffer.alloc(1024)
  const layer = gzipSync(tar)
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
    }),
  )
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST_TYPE,
      config: {
        mediaType: 'application/vnd.docker.container.image.v1+json',
        digest: digestOf(config),
        size: config.byteLength,
      },
      layers: [
        {
          mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
          digest: digestOf(layer),
          size: layer.byteLength,
        },
      ],
    }),
  )
  const blobs = new Map([config, layer].map((bytes) => [digestOf(bytes), bytes]))
  return { manifest, digest: digestOf(manifest), blobs }
}

/** As `dir:` has it, without signatures. */
export function writeImage({ manifest, blobs }: TableImage, folder: string): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'version'), 'Directory Transport Version: 1.1\n')
  writeFileSync(join(folder, 'manifest.json'), manifest)
  for (const [digest, bytes] of blobs) writeFileSync(join(folder, digest.slice('sha256:'.length)), bytes)
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
