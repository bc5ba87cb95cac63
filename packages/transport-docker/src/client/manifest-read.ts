import { type Digest, ImageError, isDigest, type ManifestBytes, type OperationOptions, report } from '@crossdock/core'
import {
  DOCKER_SCHEMA1,
  DOCKER_SCHEMA1_SIGNED,
  MANIFEST_MEDIA_TYPES,
  normalizeMediaType,
  parseAnyManifest,
} from '@crossdock/formats'
import type { HttpResponse } from '@crossdock/http'
import { decompress, readBytes } from '@crossdock/streams'
import { isMissing } from '../errors.ts'
import { checkClaims, type Contradiction } from './claimed-digest.ts'
import { isPage, notADocument } from './not-a-document.ts'
import type { Repository, RepositoryRequest } from './repository.ts'

const TYPES = [...MANIFEST_MEDIA_TYPES, DOCKER_SCHEMA1_SIGNED, DOCKER_SCHEMA1] as const

export const ACCEPT: string = TYPES.join(', ')

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
    wholeUpToBytes: repository.session.options.maxManifestBytes,
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
  const said = response.headers.get('docker-content-digest')
  const { digest, contradiction } = checkClaims(bytes, { wanted: isDigest(name) ? name : undefined, said })
  const problem = notADocument(bytes, response, given)
  // What was asked for by digest is what it is; other bytes are told by their digest.
  if (problem !== undefined && (!isDigest(name) || (contradiction !== undefined && isPage(given)))) {
    throw answerError(repository, request, problem)
  }
  if (contradiction !== undefined) await settleContradiction(repository, request, { what, digest, contradiction })
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

interface Doubt {
  readonly what: string
  readonly digest: Digest
  readonly contradiction: Contradiction
}

/**
 * The header may be wrong, or the bytes damaged on the way. What the registry also has under the digest of the bytes was not damaged:
 * then it is the header that is wrong, which happens, and the bytes count.
 */
async function settleContradiction(
  repository: Repository,
  { operation }: RepositoryRequest,
  { what, digest, contradiction }: Doubt,
): Promise<void> {
  const isHeader = contradiction.by === 'header'
  const by = isHeader ? `the registry announces ${contradiction.expected} but ` : ''
  const damaged = new ImageError(
    'DIGEST_MISMATCH',
    `${what}: ${by}its bytes are ${digest}: it was damaged or replaced on the way`,
    { side: repository.side },
  )
  if (!isHeader || !(await hasManifest(repository, digest, operation))) throw damaged
  const message = `${what}: ${repository.host} announces ${contradiction.expected}, but sends and has ${digest}; that counts`
  report(operation, { type: 'note', level: 'warning', message })
}

/** Whether the registry has the manifest under its digest, byte for byte. */
async function hasManifest(
  repository: Repository,
  digest: Digest,
  operation: OperationOptions | undefined,
): Promise<boolean> {
  try {
    return (await findManifest(repository, digest, operation)) !== undefined
  } catch (error) {
    operation?.signal?.throwIfAborted()
    if (error instanceof ImageError) return false
    throw error
  }
}

/** What the answer calls it; if that says nothing, what the document calls itself. What is wrong with it shows when it is parsed. */
function documentType(manifest: ManifestBytes): string {
  if (TYPES.includes(manifest.mediaType)) return manifest.mediaType
  try {
    return parseAnyManifest(manifest).mediaType
  } catch {
    return manifest.mediaType
  }
}
