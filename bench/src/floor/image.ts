import type { Host } from './connection.ts'
import { documentsOf, type Graph, readGraph } from './documents.ts'
import type { Pool } from './pool.ts'

/** An image in a registry on this machine. */
export interface Image {
  readonly host: Host
  readonly repository: string
  readonly tag: string
}

const TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
]
const headers = { accept: TYPES.join(', ') }

/** From `http://HOST:PORT/REPOSITORY:TAG`, or the same with https. */
export function parseImage(text: string): Image {
  const url = new URL(text)
  const colon = url.pathname.lastIndexOf(':')
  const host = { port: Number(url.port), tls: url.protocol === 'https:' }
  return { host, repository: url.pathname.slice(1, colon), tag: url.pathname.slice(colon + 1) }
}

function manifestPath({ repository }: Image, name: string): string {
  return `/v2/${repository}/manifests/${name}`
}

export interface ManifestBytes {
  readonly bytes: Buffer
  readonly mediaType: string
}

export async function getManifest(pool: Pool, image: Image, name: string): Promise<ManifestBytes> {
  const answer = await pool.ask({ method: 'GET', path: manifestPath(image, name), headers })
  return { bytes: answer.body, mediaType: answer.headers.get('content-type') ?? '' }
}

export function getGraph(pool: Pool, image: Image): Promise<Graph> {
  return readGraph(image.tag, (name) => getManifest(pool, image, name))
}

/** All documents below the root at once, then the root under the tag. */
export async function putGraph(pool: Pool, image: Image, graph: Graph): Promise<void> {
  const put = async ({ digest, mediaType, bytes }: Graph): Promise<void> => {
    const path = manifestPath(image, digest === graph.digest ? image.tag : digest)
    await pool.ask({ method: 'PUT', path, headers: { 'content-type': mediaType }, body: bytes })
  }
  await Promise.all(documentsOf(graph).slice(0, -1).map(put))
  await put(graph)
}

/** What the tag names. */
export async function headDigest(pool: Pool, image: Image): Promise<string | undefined> {
  const answer = await pool.ask({ method: 'HEAD', path: manifestPath(image, image.tag), headers })
  return answer.headers.get('docker-content-digest')
}
