import { createHash, randomFillSync } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseDigest } from '@crossdock/core'
import { beforeAll } from 'vitest'
import { type ImageSource, prepareSource } from '../src/image-source.ts'
import { removableFolder, temporaryFolder } from './temporary-folder.ts'

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly platform?: { readonly os: string; readonly architecture: string }
}

const TYPE = 'application/vnd.oci.image'

/** An image for every test of a file or of a suite. */
export function sharedImage(layerBytes: readonly number[]): () => ImageSource {
  let image: ImageSource | undefined
  beforeAll(async () => {
    const { path, remove } = await removableFolder()
    image = await writeImage(path, layerBytes)
    return remove
  })
  return () => {
    if (image === undefined) throw new Error('the image is there once tests run')
    return image
  }
}

export async function randomImage(layerBytes: readonly number[]): Promise<ImageSource> {
  return writeImage(await temporaryFolder(), layerBytes)
}

/** An index over two images with layers of random bytes; both have all of them. Its layout also names what is not the image's. */
async function writeImage(folder: string, layerBytes: readonly number[]): Promise<ImageSource> {
  await mkdir(join(folder, 'blobs', 'sha256'), { recursive: true })
  const add = async (mediaType: string, bytes: Buffer): Promise<Descriptor> => {
    const hex = createHash('sha256').update(bytes).digest('hex')
    await writeFile(join(folder, 'blobs', 'sha256', hex), bytes)
    return { mediaType, digest: `sha256:${hex}`, size: bytes.byteLength }
  }
  const document = (type: string, value: object): Promise<Descriptor> =>
    add(`${TYPE}.${type}.v1+json`, Buffer.from(JSON.stringify(value)))
  const layers: Descriptor[] = []
  for (const size of layerBytes) layers.push(await add(`${TYPE}.layer.v1.tar`, randomFillSync(Buffer.alloc(size))))
  const image = async (architecture: string): Promise<Descriptor> => {
    const config = await document('config', { os: 'linux', architecture })
    const mediaType = `${TYPE}.manifest.v1+json`
    const manifest = await document('manifest', { schemaVersion: 2, mediaType, config, layers })
    return { ...manifest, platform: { os: 'linux', architecture } }
  }
  const manifests = [await image('arm64'), await image('amd64')]
  const root = await document('index', { schemaVersion: 2, mediaType: `${TYPE}.index.v1+json`, manifests })
  const index = { schemaVersion: 2, manifests: [manifests[0], root] }
  await writeFile(join(folder, 'index.json'), JSON.stringify(index))
  await writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  const built = { shape: 'multiarch', folder, digest: parseDigest(root.digest), cached: false } as const
  return prepareSource(built, join(folder, 'source'))
}
