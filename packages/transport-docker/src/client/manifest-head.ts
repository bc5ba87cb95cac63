import { type Digest, isDigest, type OperationOptions } from '@crossdock/core'
import { normalizeMediaType } from '@crossdock/formats'
import { isHeadRefused, isMissing, isSuccess } from '../errors.ts'
import { ACCEPT } from './manifest-read.ts'
import type { Repository, RepositoryRequest } from './repository.ts'

/** What a registry says of a manifest without sending it. */
export interface ManifestHead {
  readonly digest: Digest
  /** Without parameters; empty if it says none. */
  readonly mediaType: string
  /** Undefined if it says none. */
  readonly size: number | undefined
}

/** One HEAD. `missing` if there is no such manifest, `unclear` if the registry does not say, so that only GET tells. */
export async function headManifest(
  repository: Repository,
  name: string,
  operation?: OperationOptions,
): Promise<ManifestHead | 'missing' | 'unclear'> {
  if (!repository.lore.head) return 'unclear'
  const request: RepositoryRequest = {
    method: 'HEAD',
    path: `manifests/${name}`,
    headers: { accept: ACCEPT },
    access: repository.side === 'destination' ? 'push' : 'pull',
    subject: 'manifest',
    what: `manifest ${name}`,
    operation,
  }
  const response = await repository.send(request)
  await response.discard()
  // Some registries answer HEAD with "missing" for what GET finds; that is asked for by those who set `head: false`.
  if (isMissing(response)) return 'missing'
  if (!isSuccess(response) && !isHeadRefused(response)) throw await repository.failure(response, request)
  const digest = response.headers.get('docker-content-digest')
  if (!isSuccess(response) || !isDigest(digest) || (isDigest(name) && digest !== name)) return 'unclear'
  const mediaType = normalizeMediaType(response.headers.get('content-type') ?? '')
  const length = response.headers.get('content-length') ?? ''
  return { digest, mediaType, size: /^[0-9]{1,15}$/.test(length) ? Number(length) : undefined }
}
