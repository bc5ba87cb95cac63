import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

/** A layer of a Docker image: its tar, and whether it is packed. */
export interface DockerLayer {
  readonly tar: Uint8Array
  /** Whatever it is, the manifest says gzip. Default: true. */
  readonly packed?: boolean | undefined
}

/** Writes a Docker schema 2 image as a flat folder; the image name by which it is read. The config gets its diff IDs. */
export async function writeDockerFolder(
  folder: string,
  config: object,
  layers: readonly DockerLayer[],
): Promise<string> {
  await mkdir(folder)
  const keep = async (bytes: Uint8Array, mediaType: string): Promise<object> => {
    const digest = sha256(bytes)
    await writeFile(join(folder, digest), bytes)
    return { mediaType, size: bytes.byteLength, digest: `sha256:${digest}` }
  }
  const type = 'application/vnd.docker.image.rootfs.diff.tar.gzip'
  const stored = layers.map(({ tar, packed = true }) => (packed ? gzipSync(tar) : tar))
  const rootfs = { type: 'layers', diff_ids: layers.map(({ tar }) => `sha256:${sha256(tar)}`) }
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
    config: await keep(
      Buffer.from(JSON.stringify({ ...config, rootfs })),
      'application/vnd.docker.container.image.v1+json',
    ),
    layers: await Promise.all(stored.map((bytes) => keep(bytes, type))),
  }
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest))
  await writeFile(join(folder, 'version'), 'Directory Transport Version: 1.1\n')
  return `dir:${folder}`
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
