import {
  type Digest,
  digestAlgorithm,
  ImageError,
  isDigest,
  manifestDigest,
  type OperationOptions,
  quoteForeign,
  report,
  shortDigest,
} from '@crossdock/core'
import type { HttpResponse } from '@crossdock/http'
import { isRedirect, isSuccess } from '../errors.ts'
import { findManifest } from './manifest-read.ts'
import type { Repository } from './repository.ts'

export interface Stored {
  /** `blob sha256:0123456789ab` */
  readonly what: string
  readonly digest: Digest
  readonly repository: Repository
  readonly operation: OperationOptions | undefined
  /** The tag or digest of a manifest; undefined for a blob. */
  readonly manifest?: string | undefined
}

/**
 * What the registry says it stored must be what was sent; it may say nothing. If it says something else, it is asked for what was
 * sent: where that is there, only the header is wrong. Throws `DIGEST_MISMATCH`.
 */
export async function confirmStored(response: HttpResponse, stored: Stored): Promise<void> {
  const said = response.headers.get('docker-content-digest')
  const { what, digest, repository, operation } = stored
  if (said === undefined || said === '' || said === digest) return
  if (isDigest(said) && digestAlgorithm(said) !== digestAlgorithm(digest)) return // a second digest of the same bytes
  const announced = `${what}: ${repository.host} says that it stored ${quoteForeign(said, 150)} instead of ${digest}`
  if (!(await isThere(stored))) throw new ImageError('DIGEST_MISMATCH', announced, { side: repository.side })
  report(operation, { type: 'note', level: 'warning', message: `${announced}, but has that as well` })
}

async function isThere({ repository, digest, manifest, operation }: Stored): Promise<boolean> {
  if (manifest !== undefined) {
    const found = await findManifest(repository, manifest, operation)
    return found !== undefined && manifestDigest(found.bytes, digestAlgorithm(digest)) === digest
  }
  const response = await repository.send({
    method: 'HEAD',
    path: `blobs/${digest}`,
    access: 'push',
    subject: 'blob',
    what: `blob ${shortDigest(digest)}`,
    followRedirects: false,
    operation,
  })
  await response.discard()
  return isSuccess(response) || isRedirect(response)
}
