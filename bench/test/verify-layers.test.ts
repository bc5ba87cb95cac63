import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { buildImages } from '@crossdock/test-images'
import { expect, test } from 'vitest'
import { blobPath, type Descriptor, type ImageSource, prepareSource } from '../src/image-source.ts'
import { verifyOutcome } from '../src/verify.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** Text files of this package in many layers. */
async function manyLayers(): Promise<ImageSource> {
  const folder = await temporaryFolder()
  const roots = [{ path: join(import.meta.dirname, '../src'), as: 'src' }]
  const [built] = await buildImages({ folder: join(folder, 'built'), shapes: ['many'], scale: 0.001, roots })
  if (built === undefined) throw new Error('there is no image')
  return prepareSource(built, join(folder, 'source'))
}

async function layersOf({ folder, graph }: ImageSource): Promise<readonly Buffer[]> {
  return Promise.all(graph.blobs.slice(1).map(async (layer) => gunzipSync(await readFile(blobPath(folder, layer)))))
}

async function configOf({ folder, graph }: ImageSource): Promise<Buffer> {
  return readFile(blobPath(folder, graph.blobs[0] as Descriptor))
}

function archiveOf(folder: string): string {
  execFileSync('tar', ['-cf', `${folder}.tar`, '-C', folder, '.'])
  return `${folder}.tar`
}

async function savedAs(image: ImageSource, layers: readonly Buffer[]): Promise<string> {
  const folder = join(await temporaryFolder(), 'saved')
  await mkdir(folder)
  const names = layers.map((_, index) => `${index}.tar`)
  for (const [index, layer] of layers.entries()) await writeFile(join(folder, `${index}.tar`), layer)
  await writeFile(join(folder, 'config.json'), await configOf(image))
  await writeFile(join(folder, 'manifest.json'), JSON.stringify([{ Config: 'config.json', Layers: names }]))
  return archiveOf(folder)
}

test('an archive with the layers, packed or not, passes; a layer missing or changed is found out', async () => {
  const image = await manyLayers()
  const layers = await layersOf(image)
  const verify = async (content: readonly Buffer[]): Promise<void> =>
    verifyOutcome({ kind: 'docker-archive', archive: await savedAs(image, content) }, image, '')
  await verify(layers)
  await verify(layers.map((layer) => gzipSync(layer)))
  await expect(verify(layers.slice(1))).rejects.toThrow(`${layers.length - 1} layers and ${layers.length} diff IDs`)
  await expect(verify([...layers.slice(1), ...layers.slice(0, 1)])).rejects.toThrow('layer 0 unpacks to')
})

test('an archive of another image is found out', async () => {
  const image = await manyLayers()
  const archive = await savedAs(image, await layersOf(image))
  const config = { rootfs: { diff_ids: ['sha256:0'] } }
  const folder = join(await temporaryFolder(), 'other')
  await mkdir(folder)
  execFileSync('tar', ['-xf', archive, '-C', folder])
  await writeFile(join(folder, 'config.json'), JSON.stringify(config))
  const verifying = verifyOutcome({ kind: 'docker-archive', archive: archiveOf(folder) }, image, '')
  await expect(verifying).rejects.toThrow('its diff IDs are those of no image of the source')
})

async function layoutOf(image: ImageSource, layers: readonly Buffer[]): Promise<string> {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'blobs', 'sha256'), { recursive: true })
  const add = async (bytes: Buffer): Promise<object> => {
    const hex = createHash('sha256').update(bytes).digest('hex')
    await writeFile(join(folder, 'blobs', 'sha256', hex), bytes)
    return { mediaType: 'application/octet-stream', digest: `sha256:${hex}`, size: bytes.byteLength }
  }
  const manifest = { config: await add(await configOf(image)), layers: await Promise.all(layers.map(add)) }
  const manifests = [await add(Buffer.from(JSON.stringify(manifest)))]
  await writeFile(join(folder, 'index.json'), JSON.stringify({ manifests }))
  return folder
}

test('a layout with every layer in zstd passes; one in gzip is found out', async () => {
  const image = await manyLayers()
  const packed = (await layersOf(image)).map((layer) => zstdCompressSync(layer))
  const verify = async (layers: readonly Buffer[]): Promise<void> =>
    verifyOutcome({ kind: 'zstd-folder', folder: await layoutOf(image, layers) }, image, '')
  await verify(packed)
  const [first] = await layersOf(image)
  const mixed = [gzipSync(first ?? Buffer.alloc(0)), ...packed.slice(1)]
  await expect(verify(mixed)).rejects.toThrow(`1 of ${packed.length} layers are not in zstd`)
})

test('a tar with every path of every layer passes; without those of one layer it is found out', async () => {
  const image = await manyLayers()
  const unpack = async (layers: readonly Descriptor[]): Promise<string> => {
    const folder = join(await temporaryFolder(), 'files')
    await mkdir(folder)
    for (const layer of layers) execFileSync('tar', ['-xzf', blobPath(image.folder, layer), '-C', folder])
    return archiveOf(folder)
  }
  const layers = image.graph.blobs.slice(1)
  const verify = async (of: readonly Descriptor[]): Promise<void> =>
    verifyOutcome({ kind: 'root-filesystem', file: await unpack(of) }, image, '')
  await verify(layers)
  await expect(verify(layers.slice(0, -1))).rejects.toThrow('paths are missing, such as')
})
