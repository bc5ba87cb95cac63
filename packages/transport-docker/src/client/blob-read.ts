import {
  type BlobReader,
  type Descriptor,
  digestAlgorithm,
  digestOf,
  type GetBlobOptions,
  ImageError,
  shortDigest,
} from '@crossdock/core'
import { isForeignLayer } from '@crossdock/formats'
import { type HttpRequest, type HttpResponse, resumableBody, resumeRequest } from '@crossdock/http'
import { responseError } from '../errors.ts'
import type { Repository, RepositoryRequest } from './repository.ts'

/** Larger embedded content is fetched: nobody embeds more than a config. */
const MAX_EMBEDDED_BYTES = 4 * 1024 * 1024

/**
 * A blob of the repository, from `offset` on; cuts on the way are mended. A layer that the image names by URL is taken from there,
 * without credentials, if the registry has it not. Throws `NOT_FOUND`.
 */
export async function readBlob(
  repository: Repository,
  blob: Descriptor,
  options: GetBlobOptions = {},
): Promise<BlobReader> {
  const carried = carriedBlob(blob, options)
  if (carried !== undefined) return carried
  try {
    return await blobOfRegistry(repository, blob, options)
  } catch (error) {
    if (!isElsewhere(blob, error)) throw error
    return await blobOfUrls(repository, blob, { options, error })
  }
}

/** A blob that its descriptor carries in itself; undefined if it does not. */
export function carriedBlob(blob: Descriptor, { offset = 0, end }: GetBlobOptions): BlobReader | undefined {
  const content = embedded(blob)
  return content === undefined ? undefined : reader(blob.size, bytes(content.subarray(offset, end)))
}

/** Whether the image names other places for a blob that a registry has not. */
export function isElsewhere(blob: Descriptor, error: unknown): boolean {
  return isForeignLayer(blob) && error instanceof ImageError && error.code === 'NOT_FOUND'
}

/** The content that the descriptor itself carries, if it is what the descriptor says (image-spec, descriptor.md, "data"). */
function embedded({ data, digest, size }: Descriptor): Uint8Array | undefined {
  if (data === undefined || size > MAX_EMBEDDED_BYTES) return undefined
  const content = Buffer.from(data, 'base64')
  return content.byteLength === size && digestOf(content, digestAlgorithm(digest)) === digest ? content : undefined
}

/** Throws `NOT_FOUND`. */
export async function blobOfRegistry(
  repository: Repository,
  blob: Descriptor,
  options: GetBlobOptions,
): Promise<BlobReader> {
  const { offset = 0, end, ...operation } = options
  const request: RepositoryRequest = {
    method: 'GET',
    path: `blobs/${blob.digest}`,
    access: 'pull',
    subject: 'blob',
    what: `blob ${shortDigest(blob.digest)}`,
    operation,
  }
  const http = await repository.prepare(request)
  const found = await open(repository, http, {
    blob,
    offset,
    end,
    refused: (response) => repository.failure(response, request),
  })
  const { host, name } = repository
  repository.session.locations.add({ host, repository: name, digest: blob.digest })
  return found
}

interface Wanted {
  readonly blob: Descriptor
  readonly offset: number
  readonly end: number | undefined
  readonly refused: (response: HttpResponse) => Promise<ImageError>
}

async function open(
  { http, lore, attempts }: Repository,
  request: HttpRequest,
  { blob, offset, end, refused }: Wanted,
): Promise<BlobReader> {
  const { size } = blob
  const range = { offset, size, end, refused, maxAttempts: attempts }
  if (offset > 0 && offset >= (end ?? size)) return reader(size, bytes(new Uint8Array()))
  const opened = await http.request(resumeRequest(request, range))
  if (opened.status === 200 && offset > 0) lore.ranges = false
  // Refused ranges and signed URLs that ran out are mended like a cut on the way.
  const mendable = opened.status === 416 || opened.url.origin !== request.url.origin
  if (opened.status !== 200 && opened.status !== 206 && !mendable) throw await refused(opened)
  return reader(size, resumableBody(http, request, { ...range, opened }), opened)
}

/** One URL after the other; they are judged like every URL that the registry names. Throws `error` if there is none. */
export async function blobOfUrls(
  repository: Repository,
  blob: Descriptor,
  { options, error }: { readonly options: GetBlobOptions; readonly error: unknown },
): Promise<BlobReader> {
  const { offset = 0, end, ...operation } = options
  const context = repository.context({
    method: 'GET',
    access: 'pull',
    subject: 'blob',
    what: `blob ${shortDigest(blob.digest)}`,
  })
  const base = await repository.apiBase(operation)
  let failure = error
  for (const text of blob.urls ?? []) {
    const url = URL.parse(text)
    if (url === null) continue
    const { what, side } = context
    const request: HttpRequest = {
      method: 'GET',
      url,
      base,
      anonymous: true,
      what: `${what} at ${url.host}`,
      side,
      attempts: repository.attempts,
      ...operation,
    }
    try {
      return await open(repository, request, {
        blob,
        offset,
        end,
        refused: (response) => responseError(response, context),
      })
    } catch (reason) {
      operation.signal?.throwIfAborted()
      failure = reason
    }
  }
  throw failure
}

function reader(size: number, content: AsyncGenerator<Uint8Array>, opened?: HttpResponse): BlobReader {
  let begun = false
  return {
    size,
    [Symbol.asyncIterator]: () => {
      begun = true
      return content
    },
    [Symbol.asyncDispose]: async () => {
      // A generator that was not begun has nothing to clean up: the answer is still to be dropped.
      if (!begun) await opened?.discard()
      await content.return(undefined)
    },
  }
}

async function* bytes(content: Uint8Array): AsyncGenerator<Uint8Array> {
  if (content.byteLength > 0) yield content
}
