import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { blobPath, type Descriptor, type ImageGraph, type ImageSource } from './image-source.ts'
import { temporaryFolder } from './site.ts'

const run = promisify(execFile)
const LISTING_BYTES = 100_000_000
const GZIP = '1f8b'
const ZSTD = '28b52ffd'

interface Config {
  readonly rootfs: { readonly diff_ids: readonly string[] }
}

interface Manifest {
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
}

/** Whether an archive as `docker save` makes it holds one of the source's images: its diff IDs, and content that has them. */
export async function problemsInDockerArchive(archive: string, image: ImageSource): Promise<readonly string[]> {
  await using unpacked = await temporaryFolder()
  const { path } = unpacked
  await run('tar', ['-xf', archive, '-C', path])
  const [saved] = await readJson<{ readonly Config: string; readonly Layers: readonly string[] }[]>(
    join(path, 'manifest.json'),
  )
  if (saved === undefined) return ['manifest.json names no image']
  const config = await readJson<Config>(join(path, saved.Config))
  const files = saved.Layers.map((layer) => join(path, layer))
  return await problemsOfLayers(files, { config, image })
}

/** Whether a layout holds one of the source's images with every layer in zstd. */
export async function problemsInZstdLayout(folder: string, image: ImageSource): Promise<readonly string[]> {
  const index = await readJson<{ readonly manifests: readonly Descriptor[] }>(join(folder, 'index.json'))
  const [entry] = index.manifests
  if (entry === undefined) return ['index.json names no image']
  const { config, layers } = await readJson<Manifest>(blobPath(folder, entry))
  const files = layers.map((layer) => blobPath(folder, layer))
  const unzstd = (await Promise.all(files.map(magicOf))).filter((magic) => magic !== ZSTD)
  const problems = unzstd.length === 0 ? [] : [`${unzstd.length} of ${layers.length} layers are not in zstd`]
  const found = { config: await readJson<Config>(blobPath(folder, config)), image }
  return [...problems, ...(await problemsOfLayers(files, found))]
}

/** Whether a tar has every path that the layers of one of the source's images have; no image here removes one. */
export async function problemsInRootFilesystem(file: string, image: ImageSource): Promise<readonly string[]> {
  const found = new Set(await namesIn(file))
  const missing = await Promise.all(
    imagesIn(image.graph).map(async ({ blobs }) => {
      const [, ...layers] = blobs
      const names = await Promise.all(layers.map((layer) => namesIn(blobPath(image.folder, layer))))
      return names.flat().filter((name) => !found.has(name))
    }),
  )
  const fewest = missing.toSorted((a, b) => a.length - b.length)[0] ?? []
  return fewest.length === 0 ? [] : [`${fewest.length} paths are missing, such as ${fewest[0]}`]
}

interface Found {
  readonly config: Config
  readonly image: ImageSource
}

async function problemsOfLayers(files: readonly string[], { config, image }: Found): Promise<readonly string[]> {
  const diffIds = config.rootfs.diff_ids
  const wanted = await Promise.all(
    imagesIn(image.graph).map(async ({ blobs: [own] }) => {
      if (own === undefined) return ''
      return (await readJson<Config>(blobPath(image.folder, own))).rootfs.diff_ids.join()
    }),
  )
  if (!wanted.includes(diffIds.join())) return ['its diff IDs are those of no image of the source']
  if (files.length !== diffIds.length) return [`it has ${files.length} layers and ${diffIds.length} diff IDs`]
  const problems: string[] = []
  for (const [index, file] of files.entries()) {
    const content = await unpackedDigest(file)
    if (content !== diffIds[index]) problems.push(`layer ${index} unpacks to ${content} instead of ${diffIds[index]}`)
  }
  return problems
}

/** The images below a document: what is attached to one has layers that are no tars. */
function imagesIn(graph: ImageGraph): readonly ImageGraph[] {
  const isImage = graph.blobs.some(({ mediaType }) => mediaType.includes('.tar'))
  return [...(isImage ? [graph] : []), ...graph.children.flatMap(imagesIn)]
}

async function readJson<Value>(path: string): Promise<Value> {
  return JSON.parse(await readFile(path, 'utf8')) as Value
}

async function namesIn(archive: string): Promise<readonly string[]> {
  const { stdout } = await run('tar', ['-tf', archive], { maxBuffer: LISTING_BYTES })
  const names = stdout.split('\n').map((name) => name.replace(/^\.?\/+/, '').replace(/\/+$/, ''))
  return names.filter((name) => name !== '')
}

async function magicOf(file: string): Promise<string> {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0)
    return buffer.toString('hex', 0, bytesRead)
  } finally {
    await handle.close()
  }
}

async function unpackedDigest(file: string): Promise<string> {
  const hash = createHash('sha256')
  const magic = await magicOf(file)
  const source = createReadStream(file)
  if (magic.startsWith(GZIP)) await pipeline(source, createGunzip(), hash)
  else if (magic === ZSTD) await pipeline(source, createZstdDecompress(), hash)
  else await pipeline(source, hash)
  return `sha256:${hash.digest('hex')}`
}
