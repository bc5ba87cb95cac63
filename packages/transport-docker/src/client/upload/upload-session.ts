import { type Digest, digestAlgorithm, ImageError, type OperationOptions, shortDigest } from '@crossdock/core'
import type { HttpBody, HttpResponse } from '@crossdock/http'
import {
  isAccessRefused,
  isMissing,
  isOffsetRefused,
  isServerTrouble,
  isSuccess,
  isTooLarge,
  isUnknownEndpoint,
  readRefusal,
  type Refusal,
  refusalError,
} from '../../errors.ts'
import { confirmStored } from '../confirm-stored.ts'
import type { Repository, RepositoryRequest } from '../repository.ts'
import { locationOf, storedBytes, withDigest } from './upload-url.ts'

/** An upload at the registry. The newest URL counts: it carries the registry's state. */
export interface UploadSession {
  readonly url: URL
  /** Bytes that the registry has. */
  readonly offset: number
  /** The least bytes of every chunk but the last. */
  readonly minChunkBytes: number
}

/** The wire operations on one blob's upload. Failures that nothing but a new call can help are thrown. */
export interface UploadWire {
  readonly repository: Repository
  /** What is uploaded, for messages. */
  readonly what: string
  readonly operation: OperationOptions | undefined
}

export function uploadWire(
  repository: Repository,
  digest: Digest | undefined,
  operation?: OperationOptions,
): UploadWire {
  return { repository, what: digest === undefined ? 'a new blob' : `blob ${shortDigest(digest)}`, operation }
}

type UploadRequest = Omit<RepositoryRequest, 'access' | 'subject' | 'what' | 'operation'>

function complete({ what, operation }: UploadWire, request: UploadRequest): RepositoryRequest {
  return { ...request, access: 'push', subject: 'upload', what, operation }
}

export interface StartOptions {
  readonly digest?: Digest | undefined
  /** The repository of the same registry to take the blob over from. */
  readonly mountFrom?: string | undefined
}

/**
 * Opens an upload. With `mountFrom` the registry may answer that the blob is in place instead, or refuse; an upload that it opens
 * because it could not mount is as good as any.
 */
export async function startUpload(
  wire: UploadWire,
  { digest, mountFrom }: StartOptions = {},
): Promise<UploadSession | 'mounted' | 'refused'> {
  const algorithm = digest === undefined ? 'sha256' : digestAlgorithm(digest)
  const request = complete(wire, {
    method: 'POST',
    path: 'blobs/uploads/',
    query: {
      ...(mountFrom !== undefined && digest !== undefined && { mount: digest, from: mountFrom }),
      ...(algorithm !== 'sha256' && { 'digest-algorithm': algorithm }),
    },
    headers: { 'content-length': '0' },
    readFrom: mountFrom,
    // An upload that is opened and not used is dropped by the registry in time.
    idempotent: true,
  })
  const response = await (mountFrom === undefined ? wire.repository.send(request) : sendMount(wire, request))
  if (response === undefined) return 'refused'
  if (mountFrom !== undefined && response.status === 201) {
    await response.discard()
    return 'mounted'
  }
  if (!isSuccess(response)) {
    if (mountFrom === undefined || isServerTrouble(response)) throw await wire.repository.failure(response, request)
    await response.discard()
    return 'refused'
  }
  await response.discard()
  const url = locationOf(response)
  if (url === undefined) throw noLocation(wire)
  return { url, offset: 0, minChunkBytes: minimum(response) }
}

/** An upload that is nothing else. */
export async function freshUpload(wire: UploadWire, digest: Digest | undefined): Promise<UploadSession> {
  const session = await startUpload(wire, { digest })
  // Only a mount can be answered otherwise.
  if (typeof session === 'string') throw new TypeError(`an upload cannot be ${session}`)
  return session
}

/** A token for both repositories may be refused where one for this one is not. */
async function sendMount({ repository }: UploadWire, request: RepositoryRequest): Promise<HttpResponse | undefined> {
  try {
    return await repository.send(request)
  } catch (error) {
    if (isAccessRefused(error)) return undefined
    throw error
  }
}

function noLocation({ what, repository }: UploadWire): ImageError {
  return new ImageError(
    'INVALID_DATA',
    `${what}: ${repository.host} opened an upload without saying where (no Location header): it may not be a registry, or a proxy removes the header`,
    { side: repository.side },
  )
}

function minimum(response: HttpResponse): number {
  const text = response.headers.get('oci-chunk-min-length') ?? ''
  return /^\d{1,15}$/.test(text) ? Number(text) : 0
}

export type ChunkOutcome =
  | { readonly kind: 'accepted'; readonly session: UploadSession }
  | { readonly kind: 'too-large' | 'gone' | 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'offset'; readonly stored: number | undefined; readonly refusal: Refusal }

export interface Chunk {
  readonly size: number
  readonly body: HttpBody | Uint8Array
}

/** Sends the bytes from `session.offset` on. */
export async function sendChunk(wire: UploadWire, session: UploadSession, chunk: Chunk): Promise<ChunkOutcome> {
  const end = session.offset + chunk.size
  const request = complete(wire, {
    method: 'PATCH',
    url: session.url,
    headers: { 'content-type': 'application/octet-stream', 'content-range': `${session.offset}-${end - 1}` },
    body: chunk.body,
  })
  const response = await wire.repository.send(request)
  if (isSuccess(response)) {
    await response.discard()
    // What it says of its bytes may be out of date; the next chunk shows.
    return { kind: 'accepted', session: { ...session, url: locationOf(response) ?? session.url, offset: end } }
  }
  if (isServerTrouble(response)) throw await wire.repository.failure(response, request)
  const stored = storedBytes(response)
  const refusal = await readRefusal(response, wire.operation?.signal)
  if (isOffsetRefused(response)) return { kind: 'offset', stored, refusal }
  return { kind: isTooLarge(response) ? 'too-large' : isMissing(response) ? 'gone' : 'refused', refusal }
}

/** How far the upload is. `unknown` if the registry does not tell. */
async function uploadStatus(wire: UploadWire, url: URL): Promise<UploadSession | 'gone' | 'unknown'> {
  const request = complete(wire, { method: 'GET', url })
  const response = await wire.repository.send(request)
  const stored = storedBytes(response)
  if (isSuccess(response)) {
    await response.discard()
    if (stored === undefined) return 'unknown'
    return { url: locationOf(response) ?? url, offset: stored, minChunkBytes: minimum(response) }
  }
  if (isMissing(response)) {
    await response.discard()
    return 'gone'
  }
  if (!isUnknownEndpoint(response)) throw await wire.repository.failure(response, request)
  await response.discard()
  return 'unknown'
}

/**
 * The same where that the registry cannot say at the moment (`untold`) is nothing to fail for: an upload can begin anew, and where
 * that fails, too, it says so better.
 */
export async function triedStatus(wire: UploadWire, url: URL): Promise<UploadSession | 'gone' | 'unknown' | 'untold'> {
  try {
    return await uploadStatus(wire, url)
  } catch (error) {
    wire.operation?.signal?.throwIfAborted()
    if (error instanceof ImageError) return 'untold'
    throw error
  }
}

/** A refusal as an error. */
export function uploadError(wire: UploadWire, refusal: Refusal): ImageError {
  return refusalError(refusal, wire.repository.context(complete(wire, { method: 'PUT' })))
}

/** Ends the upload under its digest, with all the bytes (`body`) or after the chunks. */
export async function finishUpload(
  wire: UploadWire,
  session: UploadSession,
  { digest, body }: { readonly digest: Digest; readonly body?: HttpBody | undefined },
): Promise<Refusal | undefined> {
  const request = complete(wire, {
    method: 'PUT',
    url: withDigest(session.url, digest),
    headers: body === undefined ? { 'content-length': '0' } : { 'content-type': 'application/octet-stream' },
    body,
  })
  const response = await wire.repository.send(request)
  if (isSuccess(response)) {
    await response.discard()
    await confirmStored(response, { ...wire, digest })
    return undefined
  }
  if (isServerTrouble(response)) throw await wire.repository.failure(response, request)
  return await readRefusal(response, wire.operation?.signal)
}

const CANCEL_TIMEOUT_MS = 1000

/** Tells the registry that the upload will not be ended. That it cannot be told is nothing to fail for. */
export async function cancelUpload(wire: UploadWire, { url }: UploadSession): Promise<void> {
  try {
    const operation = { signal: AbortSignal.timeout(CANCEL_TIMEOUT_MS) }
    const response = await wire.repository.send({
      ...complete({ ...wire, operation }, { method: 'DELETE', url, idempotent: false }),
    })
    await response.discard()
  } catch {
    // The registry drops it in time.
  }
}
