import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf, type DigestAlgorithm, type ImageSource, type Digest } from '@crossdock/core'
import { blobsOf, childrenOf, parseManifest } from '@crossdock/formats'
import { readVerified } from '@crossdock/streams'
import { ociDirTransport } from '../src/index.ts'

/** Hashes every file under a digest name; returns those that are not what they are called. */
export async function wrongBlobs(folder: string): Promise<string[]> {
  const wrong: string[] = []
  for (const algorithm of await readdir(join(folder, 'blobs')).catch(() => [])) {
    for (const name of await readdir(join(folder, 'blobs', algorithm))) {
      const bytes = await readFile(join(folder, 'blobs', algorithm, name))
      if (digestOf(bytes, algorithm as DigestAlgorithm) !== `${algorithm}:${name}`) wrong.push(name)
    }
  }
  return wrong
}

/** Reads an image with all that it reaches, verified. */
export async function readImage(text: string): Promise<Digest> {
  await using source = await ociDirTransport().parseReference(text).openSource()
  const { digest } = await source.getManifest()
  await readAll(source, digest)
  return digest
}

async function readAll(source: ImageSource, digest: Digest): Promise<void> {
  const manifest = parseManifest(await source.getManifest(digest))
  for (const child of childrenOf(manifest)) await readAll(source, child.digest)
  for (const blob of blobsOf(manifest)) {
    await readVerified(await source.getBlob(blob), blob, { limitBytes: 1_000_000, what: 'a blob' })
  }
}

/** Files of ours that neither belong to a layout nor wait to be resumed. */
export async function strayFiles(folder: string): Promise<string[]> {
  const found = await readdir(join(folder, '.crossdock'), { recursive: true, withFileTypes: true })
  const files = found.filter((entry) => entry.isFile()).map((entry) => entry.name)
  return files.filter((name) => name !== 'stamps' && !/^lock\.[0-9]+$/.test(name) && !name.endsWith('.kept'))
}
