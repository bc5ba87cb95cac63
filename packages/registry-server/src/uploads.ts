import { digestAlgorithm, quoteForeign, type Digest, type DigestAlgorithm } from '@crossdock/core'
import { parseChunkRange } from './byte-range.ts'
import type { Exchange, Registry } from './exchange.ts'
import { Refusal } from './refusal.ts'
import type { Reply } from './reply.ts'
import { checkDigest } from './route.ts'
import type { ByteRange, StoredUpload } from './storage.ts'

/** POST: opens a session (end-4a), or takes the whole blob in one request (end-4b). */
export async function openUpload(registry: Registry, exchange: Exchange, repository: string): Promise<Reply> {
  const text = exchange.query.get('digest')
  const digest = text === null ? undefined : checkDigest(text)
  const algorithm = digest ? digestAlgorithm(digest) : announcedAlgorithm(exchange)
  const upload = await registry.storage.createUpload(repository, algorithm)
  if (digest === undefined) return sessionReply(registry, exchange, upload, 202)
  try {
    await upload.append(exchange.body)
    return await finishUpload(registry, exchange, { upload, digest })
  } catch (error) {
    await upload.cancel() // nobody knows its Location
    throw error
  }
}

/** POST with `mount` (end-11): 201 if the blob could be taken over, else an open session. */
export async function mountBlob(registry: Registry, exchange: Exchange, repository: string): Promise<Reply> {
  const digest = checkDigest(exchange.query.get('mount') ?? '')
  const from = exchange.query.get('from')
  const { storage, options } = registry
  const sources = (from === null ? storage.repositories() : [from]).filter(exchange.mayRead)
  const size = sources.map((name) => storage.repository(name)?.blobs.get(digest)).find((found) => found !== undefined)
  if (options.behaviour.mounts && size !== undefined) {
    await storage.change(repository, [{ do: 'put-blob', digest, size }])
    return blobReply(registry, exchange, repository, digest)
  }
  const upload = await storage.createUpload(repository, digestAlgorithm(digest))
  return sessionReply(registry, exchange, upload, 202)
}

/** GET of a session (end-13). Any Location of the session may ask; the answer brings the newest. */
export async function uploadStatus(registry: Registry, exchange: Exchange, upload: StoredUpload): Promise<Reply> {
  return sessionReply(registry, exchange, upload, 204)
}

/** PATCH: one chunk, or a stream of any length without Content-Range (end-5). */
export async function patchUpload(registry: Registry, exchange: Exchange, upload: StoredUpload): Promise<Reply> {
  return await registry.sessions.write(upload.id, exchange, async () => {
    await receive(registry, exchange, upload)
    await upload.advance()
    return sessionReply(registry, exchange, upload, 202)
  })
}

/** PUT: the last chunk, or everything, or nothing; then the digest is checked (end-6). */
export async function putUpload(registry: Registry, exchange: Exchange, upload: StoredUpload): Promise<Reply> {
  const digest = checkDigest(exchange.query.get('digest') ?? '')
  return await registry.sessions.write(upload.id, exchange, async () => {
    await receive(registry, exchange, upload)
    return await finishUpload(registry, exchange, { upload, digest })
  })
}

/** DELETE of a session (end-14). */
export async function cancelUpload(registry: Registry, exchange: Exchange, upload: StoredUpload): Promise<Reply> {
  return await registry.sessions.write(upload.id, exchange, async () => {
    await upload.cancel()
    registry.sessions.forget(upload.id)
    return { status: 204, headers: {} }
  })
}

export async function findSession(registry: Registry, repository: string, session: string): Promise<StoredUpload> {
  const upload = await registry.storage.findUpload(session)
  if (upload?.repository === repository) return upload
  throw new Refusal(404, {
    code: 'BLOB_UPLOAD_UNKNOWN',
    message: 'there is no such upload: it ended, expired, or was never opened in this repository',
  })
}

function announcedAlgorithm(exchange: Exchange): DigestAlgorithm {
  const text = exchange.query.get('digest-algorithm') ?? 'sha256'
  if (text === 'sha256' || text === 'sha512') return text
  throw new Refusal(400, {
    code: 'DIGEST_INVALID',
    message: `"${quoteForeign(text, 60)}" is neither sha256 nor sha512`,
  })
}

async function receive(registry: Registry, exchange: Exchange, upload: StoredUpload): Promise<void> {
  checkState(exchange, upload)
  const offset = upload.size
  const range = checkChunk(registry, exchange, upload)
  await upload.append(exchange.body)
  const received = upload.size - offset
  if (range !== undefined && received !== range.end - range.start) {
    await upload.truncate(offset)
    throw chunkSizeRefusal(range, received)
  }
  if (received < registry.options.limits.chunkMinBytes) registry.sessions.markShort(upload.id)
}

function checkState(exchange: Exchange, upload: StoredUpload): void {
  if (exchange.query.get('_state') === String(upload.generation)) return
  throw new Refusal(400, {
    code: 'BLOB_UPLOAD_INVALID',
    message: 'this Location is not the latest one of the upload: use the one of the answer before, or ask with GET',
  })
}

/** Whether the chunk that is announced may follow what is there. */
function checkChunk(registry: Registry, exchange: Exchange, upload: StoredUpload): ByteRange | undefined {
  const text = exchange.headers['content-range']
  const range = text === undefined ? undefined : parseChunkRange(text)
  if (text !== undefined && range?.start !== upload.size) {
    throw new Refusal(416, {
      code: 'BLOB_UPLOAD_INVALID',
      message: `the next chunk begins at ${upload.size}, not "${quoteForeign(text, 60)}"`,
      headers: sessionHeaders(registry, exchange, upload),
    })
  }
  if (range !== undefined && exchange.bodySize !== undefined && exchange.bodySize !== range.end - range.start) {
    throw chunkSizeRefusal(range, exchange.bodySize)
  }
  if (exchange.bodySize !== 0 && registry.sessions.isShort(upload.id)) {
    throw new Refusal(400, {
      code: 'SIZE_INVALID',
      message: `the chunk before had fewer than ${registry.options.limits.chunkMinBytes} bytes, so it was the last`,
    })
  }
  return range
}

function chunkSizeRefusal(range: ByteRange, received: number): Refusal {
  return new Refusal(400, {
    code: 'SIZE_INVALID',
    message: `Content-Range announces ${range.end - range.start} bytes, the body has ${received}`,
  })
}

async function finishUpload(
  registry: Registry,
  exchange: Exchange,
  { upload, digest }: { readonly upload: StoredUpload; readonly digest: Digest },
): Promise<Reply> {
  const { size, repository } = upload
  const actual = await upload.digest(digestAlgorithm(digest))
  registry.sessions.forget(upload.id)
  if (actual !== digest) {
    await upload.cancel()
    throw new Refusal(400, {
      code: 'DIGEST_INVALID',
      message: `the ${size} bytes received are ${actual}, not ${digest}`,
    })
  }
  await upload.commit(digest)
  await registry.storage.change(repository, [{ do: 'put-blob', digest, size }])
  return blobReply(registry, exchange, repository, digest)
}

function blobReply(registry: Registry, exchange: Exchange, repository: string, digest: Digest): Reply {
  return {
    status: 201,
    headers: {
      location: locationOf(registry, exchange, `/v2/${repository}/blobs/${digest}`),
      'docker-content-digest': digest,
      'content-length': '0',
    },
  }
}

function sessionReply(registry: Registry, exchange: Exchange, upload: StoredUpload, status: number): Reply {
  const headers = sessionHeaders(registry, exchange, upload)
  return { status, headers: status === 204 ? headers : { ...headers, 'content-length': '0' } }
}

function sessionHeaders(
  registry: Registry,
  exchange: Exchange,
  upload: StoredUpload,
): Readonly<Record<string, string>> {
  const path = `/v2/${upload.repository}/blobs/uploads/${upload.id}?_state=${upload.generation}`
  const { chunkMinBytes } = registry.options.limits
  return {
    location: locationOf(registry, exchange, path),
    // Nothing and one byte look alike: the protocol has no other form for "nothing yet".
    range: `0-${Math.max(upload.size - 1, 0)}`,
    'docker-upload-uuid': upload.id,
    ...(chunkMinBytes > 0 && { 'oci-chunk-min-length': String(chunkMinBytes) }),
  }
}

export function locationOf(registry: Registry, exchange: Exchange, path: string): string {
  return registry.options.behaviour.absoluteLocations ? exchange.origin + path : path
}
