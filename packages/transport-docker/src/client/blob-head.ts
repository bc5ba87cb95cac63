import { type Digest, type OperationOptions, shortDigest } from '@crossdock/core'
import type { HttpResponse } from '@crossdock/http'
import { isHeadRefused, isMissing, isRedirect, isSuccess } from '../errors.ts'
import { namedUrl } from './named-url.ts'
import type { Repository, RepositoryRequest } from './repository.ts'

interface WantedBlob {
  readonly digest: Digest
  readonly size: number
  /** A repository of the same registry instead. */
  readonly neighbour?: string | undefined
}

/**
 * Whether the repository has the blob. A registry that does not answer HEAD, or answers for something else, is taken not to have
 * it: sending a blob again is better than missing it.
 */
export async function hasBlob(
  repository: Repository,
  { digest, size, neighbour }: WantedBlob,
  operation?: OperationOptions,
): Promise<boolean> {
  if (!repository.lore.head) return false
  const request: RepositoryRequest = {
    method: 'HEAD',
    path: `blobs/${digest}`,
    access: repository.side === 'destination' && neighbour === undefined ? 'push' : 'pull',
    neighbour,
    subject: 'blob',
    what: `blob ${shortDigest(digest)}`,
    operation,
  }
  const response = await sendHead(repository, request)
  if (response === 'elsewhere') return true
  if (isSuccess(response)) {
    await response.discard()
    const length = response.headers.get('content-length')
    const said = response.headers.get('docker-content-digest') ?? ''
    const other = isOtherDigest(said, digest)
    return !other && (length === undefined || length === String(size))
  }
  if (!isMissing(response) && !isHeadRefused(response)) throw await repository.failure(response, request)
  await response.discard()
  return false
}

/**
 * Where a registry leads to a storage service, the blob is there, and that service may not answer HEAD at all: its URLs are signed
 * for GET. A registry that has moved is asked at its new place.
 */
async function sendHead(repository: Repository, request: RepositoryRequest): Promise<HttpResponse | 'elsewhere'> {
  const response = await repository.send({ ...request, followRedirects: false })
  if (!isRedirect(response)) return response
  await response.discard()
  const target = namedUrl(response.headers.get('location') ?? '', response.url)
  const moved = target === undefined || target.pathname.endsWith(response.url.pathname)
  return moved ? await repository.send(request) : 'elsewhere'
}

/** A second digest of the same bytes is no contradiction. */
function isOtherDigest(said: string, digest: Digest): boolean {
  return said !== '' && said !== digest && said.startsWith(digest.slice(0, digest.indexOf(':') + 1))
}
