import type { Digest } from '@crossdock/core'
import { findRange } from './byte-range.ts'
import type { Exchange, Registry } from './exchange.ts'
import { Refusal } from './refusal.ts'
import type { Reply } from './reply.ts'
import { checkDigest } from './route.ts'

/** GET and HEAD of a blob (end-2). */
export async function getBlob(
  registry: Registry,
  exchange: Exchange,
  repository: string,
  text: string,
): Promise<Reply> {
  const digest = checkDigest(text)
  const size = knownSize(registry, repository, digest)
  const etag = `"${digest}"`
  const headers = {
    'content-type': 'application/octet-stream',
    'docker-content-digest': digest,
    'accept-ranges': 'bytes',
    etag,
  }
  if (exchange.headers['if-none-match'] === etag) return { status: 304, headers }
  const range = exchange.method === 'GET' ? findRange(exchange.headers, { size, etag }) : undefined
  if (range === 'unsatisfiable') {
    throw new Refusal(416, {
      code: 'SIZE_INVALID',
      message: `the blob has ${size} bytes`,
      headers: { 'content-range': `bytes */${size}` },
    })
  }
  const { start, end } = range ?? { start: 0, end: size }
  const body = { size: end - start, open: () => registry.storage.read(digest, { start, end }) }
  if (range === undefined) return { status: 200, headers, body }
  return { status: 206, headers: { ...headers, 'content-range': `bytes ${start}-${end - 1}/${size}` }, body }
}

/** DELETE of a blob (end-10). */
export async function deleteBlob(registry: Registry, repository: string, text: string): Promise<Reply> {
  const digest = checkDigest(text)
  knownSize(registry, repository, digest)
  await registry.storage.change(repository, [{ do: 'delete-blob', digest }])
  return { status: 202, headers: { 'content-length': '0' } }
}

function knownSize(registry: Registry, repository: string, digest: Digest): number {
  const size = registry.storage.repository(repository)?.blobs.get(digest)
  if (size !== undefined) return size
  throw new Refusal(404, { code: 'BLOB_UNKNOWN', message: 'the repository has no such blob', details: [{ digest }] })
}
