import {
  type Digest,
  digestAlgorithm,
  digestOf,
  ImageError,
  isDigest,
  type ManifestBytes,
  type OperationOptions,
  quoteForeign,
} from '@crossdock/core'
import { isSchema1Type, MANIFEST_MEDIA_TYPES, normalizeMediaType, parseManifest } from '@crossdock/formats'
import type { HttpResponse } from '@crossdock/http'
import { decompress, readBytes } from '@crossdock/streams'
import { isMissing } from '../errors.ts'
import type { Repository, RepositoryRequest } from './repository.ts'

export const ACCEPT: string = MANIFEST_MEDIA_TYPES.join(', ')

/** A manifest and what came with it. */
export interface ReadManifest extends ManifestBytes {
  readonly etag: string | undefined
}

/** By tag or digest. Throws `NOT_FOUND` if there is none. */
export async function readManifest(
  repository: Repository,
  name: string,
  operation?: OperationOptions,
): Promise<ReadManifest> {
  const request = manifestRequest(repository, name, operation)
  const response = await repository.send(request)
  if (response.status !== 200) throw await unusable(repository, request, response)
  return await readAnswer(repository, response, { name, request })
}

/** The same, but undefined if there is none. */
export async function findManifest(
  repository: Repository,
  name: string,
  operation?: OperationOptions,
): Promise<ReadManifest | undefined> {
  const request = manifestRequest(repository, name, operation)
  const response = await repository.send(request)
  if (response.status === 200) return await readAnswer(repository, response, { name, request })
  if (!isMissing(response)) throw await unusable(repository, request, response)
  await response.discard()
  return undefined
}

function manifestRequest(
  repository: Repository,
  name: string,
  operation: OperationOptions | undefined,
): RepositoryRequest {
  return {
    method: 'GET',
    path: `manifests/${name}`,
    headers: { accept: ACCEPT },
    access: repository.side === 'destination' ? 'push' : 'pull',
    subject: 'manifest',
    what: `manifest ${name}`,
    operation,
  }
}

async function unusable(
  repository: Repository,
  request: RepositoryRequest,
  response: HttpResponse,
): Promise<ImageError> {
  if (response.status < 200 || response.status >= 300) return await repository.failure(response, request)
  await response.discard()
  return answerError(repository, request, `the answer has status ${response.status} and no manifest`)
}

function answerError(repository: Repository, request: RepositoryRequest, why: string): ImageError {
  const { what, side, image } = repository.context(request)
  return new ImageError(
    'INVALID_DATA',
    `${what}: ${why}; is ${repository.host} a registry, and does no proxy stand in between?`,
    {
      side,
      image,
    },
  )
}

interface Asked {
  readonly name: string
  readonly request: RepositoryRequest
}

async function readAnswer(
  repository: Repository,
  response: HttpResponse,
  { name, request }: Asked,
): Promise<ReadManifest> {
  const { what } = repository.context(request)
  const limitBytes = repository.session.options.maxManifestBytes
  const given = normalizeMediaType(response.headers.get('content-type') ?? '')
  const bytes = await readBytes(decoded(response, limitBytes), { limitBytes, what })
  if (bytes.byteLength === 0) throw answerError(repository, request, 'the answer is empty')
  if (given === 'text/html' || given === 'application/xhtml+xml') {
    const start = quoteForeign(new TextDecoder().decode(bytes.subarray(0, 200)).replace(/\s+/g, ' '), 120)
    throw answerError(repository, request, `the answer is a web page ("${start}")`)
  }
  const said = response.headers.get('docker-content-digest')
  const digest = checkDigests(bytes, { wanted: isDigest(name) ? name : undefined, said, type: given, what })
  return {
    bytes,
    digest,
    mediaType: documentType({ bytes, digest, mediaType: given }),
    etag: response.headers.get('etag'),
  }
}

/** Some proxies compress manifests though nobody asked; the digest is over what was stored. */
function decoded({ headers, body }: HttpResponse, limitBytes: number): AsyncIterable<Uint8Array> {
  const encoding = headers.get('content-encoding')?.trim().toLowerCase()
  return encoding === 'gzip' || encoding === 'x-gzip' ? decompress(body, { limitBytes }) : body
}

interface Claims {
  readonly wanted: Digest | undefined
  /** By the registry, in its answer's header. */
  readonly said: string | undefined
  readonly type: string
  readonly what: string
}

/** The digest is that of the bytes, whatever the header says; a header that says otherwise is a reason to stop. */
function checkDigests(bytes: Uint8Array, { wanted, said, type, what }: Claims): Digest {
  if (wanted !== undefined) {
    const actual = digestOf(bytes, digestAlgorithm(wanted))
    if (actual === wanted) return wanted
    throw mismatch(what, `its ${bytes.byteLength} bytes are ${actual}`)
  }
  // The digest of a signed schema 1 manifest is not that of its bytes.
  if (!isDigest(said) || isSchema1Type(type)) return digestOf(bytes)
  const actual = digestOf(bytes, digestAlgorithm(said))
  if (actual === said) return actual
  throw mismatch(what, `the registry announces ${said} but its ${bytes.byteLength} bytes are ${actual}`)
}

function mismatch(what: string, why: string): ImageError {
  return new ImageError('DIGEST_MISMATCH', `${what}: ${why}: it was damaged or replaced on the way`)
}

/** What the answer calls it; if that says nothing, what the document calls itself. What is wrong with it shows when it is parsed. */
function documentType(manifest: ManifestBytes): string {
  if (MANIFEST_MEDIA_TYPES.includes(manifest.mediaType)) return manifest.mediaType
  try {
    return parseManifest(manifest).mediaType
  } catch {
    return manifest.mediaType
  }
}
