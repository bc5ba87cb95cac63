import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, digestAlgorithm, digestEncoded, digestOf, type ImageSource, isDigest } from '@crossdock/core'
import { blobsOf, childrenOf, parseManifest } from '@crossdock/formats'
import { readVerified } from '@crossdock/streams'
import type { TestImage } from '@crossdock/transport-testkit'
import { dirTransport } from '../src/index.ts'

/** What the form calls the file of a digest. */
export function fileName(digest: Digest): string {
  return `${digestAlgorithm(digest) === 'sha256' ? '' : `${digestAlgorithm(digest)}-`}${digestEncoded(digest)}`
}

/** Everything in the folder but what is ours, sorted. */
export async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name !== '.crossdock').toSorted()
}

/** The names of the files that the image alone needs, sorted. */
export function namesOf(image: TestImage): string[] {
  const instances = image.manifests.filter(({ digest }) => digest !== image.root.digest)
  return [
    'version',
    'manifest.json',
    ...image.blobs.map(({ descriptor }) => fileName(descriptor.digest)),
    ...instances.map(({ digest }) => `${fileName(digest)}.manifest.json`),
  ].toSorted()
}

/** Files of ours that neither belong to the folder nor wait to be resumed. */
export async function strayFiles(folder: string): Promise<string[]> {
  const found = await readdir(join(folder, '.crossdock'), { recursive: true, withFileTypes: true }).catch(() => [])
  const files = found.filter((entry) => entry.isFile()).map(({ name }) => name)
  return files.filter((name) => name !== 'stamps' && !/^lock\.[0-9]+$/.test(name) && !name.endsWith('.kept'))
}

/** Files named by a digest whose bytes have another one. */
export async function wrongFiles(folder: string): Promise<string[]> {
  const wrong: string[] = []
  for (const name of await namesIn(folder)) {
    const text = name.replace(/\.manifest\.json$/, '')
    const digest = text.includes('-') ? text.replace('-', ':') : `sha256:${text}`
    if (!isDigest(digest)) continue
    if (digestOf(await readFile(join(folder, name)), digestAlgorithm(digest)) !== digest) wrong.push(name)
  }
  return wrong
}

/** Reads the image with all that it reaches, verified. */
export async function readImage(folder: string): Promise<Digest> {
  await using source = await dirTransport().parseReference(folder).openSource()
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
