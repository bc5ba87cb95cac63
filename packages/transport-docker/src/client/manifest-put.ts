import { ImageError, type ManifestBytes, type OperationOptions } from '@crossdock/core'
import { isSchema1Type } from '@crossdock/formats'
import type { HttpResponse } from '@crossdock/http'
import { isSuccess } from '../errors.ts'
import { confirmStored } from './confirm-stored.ts'
import type { Repository, RepositoryRequest } from './repository.ts'

export interface WriteOptions {
  /** Tag or digest. */
  readonly name: string
  /** Written only if the registry still has this version under the name. */
  readonly ifMatch?: string | undefined
  readonly operation?: OperationOptions | undefined
}

/** One PUT. Throws `CONFLICT` with `missing` if content that it names is not there, `UNSUPPORTED` if it is not taken. */
export async function putManifest(
  repository: Repository,
  manifest: ManifestBytes,
  { name, ifMatch, operation }: WriteOptions,
): Promise<HttpResponse> {
  const request: RepositoryRequest = {
    method: 'PUT',
    path: `manifests/${name}`,
    headers: { 'content-type': manifest.mediaType, ...(ifMatch !== undefined && { 'if-match': ifMatch }) },
    body: manifest.bytes,
    access: 'push',
    subject: 'manifest',
    what: `manifest ${name}`,
    // The same bytes under the same name again change nothing.
    idempotent: ifMatch === undefined,
    operation,
  }
  const response = await repository.send(request)
  if (!isSuccess(response)) {
    const failure = await repository.failure(response, request)
    throw response.status === 500 && isSchema1Type(manifest.mediaType) ? notTaken(failure) : failure
  }
  await response.discard()
  const { what } = request
  await confirmStored(response, { what, digest: manifest.digest, repository, operation, manifest: name })
  return response
}

/** docker-registry fails with schema 1 unless its configuration allows it, and says no more. */
function notTaken(failure: ImageError): ImageError {
  const { message, side, image } = failure
  return new ImageError(
    'UNSUPPORTED',
    `${message}; it may not take Docker schema 1, which is to be allowed in its configuration`,
    {
      side,
      image,
      cause: failure,
    },
  )
}
