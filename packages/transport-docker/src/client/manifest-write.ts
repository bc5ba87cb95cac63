import {
  type Digest,
  digestAlgorithm,
  digestOf,
  isDigest,
  type ManifestBytes,
  type OperationOptions,
} from '@crossdock/core'
import type { HttpResponse } from '@crossdock/http'
import { isHeadRefused, isMissing, isSuccess } from '../errors.ts'
import { addReferrer } from './add-referrer.ts'
import { ACCEPT, findManifest } from './manifest-read.ts'
import { hasReferrersApi, subjectOf } from './referrers.ts'
import type { Repository, RepositoryRequest } from './repository.ts'
import { checkStoredDigest } from './upload/upload-session.ts'

export interface WriteOptions {
  /** Tag or digest. */
  readonly name: string
  /** Written only if the registry still has this version under the name. */
  readonly ifMatch?: string | undefined
  readonly operation?: OperationOptions | undefined
}

/**
 * Writes a manifest byte for byte. If it refers to another one and the registry does not keep the list of referrers, it is added
 * to the one that clients keep (distribution-spec, "Pushing Manifests with Subject").
 */
export async function writeManifest(
  repository: Repository,
  manifest: ManifestBytes,
  { name, operation }: WriteOptions,
): Promise<void> {
  const response = await putManifest(repository, manifest, { name, operation })
  const subject = subjectOf(manifest)
  if (subject === undefined || (await keepsList(repository, response, { subject: subject.digest, operation }))) return
  await addReferrer(repository, manifest, { subject: subject.digest, operation })
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
  if (!isSuccess(response)) throw await repository.failure(response, request)
  await response.discard()
  checkStoredDigest(response, { what: request.what, digest: manifest.digest, repository })
  return response
}

interface About {
  readonly subject: Digest
  readonly operation: OperationOptions | undefined
}

/** `OCI-Subject` says that the registry keeps the list; one is known to say so where it does not. */
async function keepsList(repository: Repository, response: HttpResponse, { subject, operation }: About): Promise<boolean> {
  if (response.headers.get('oci-subject') === undefined) return false
  if (!/\.dkr\.ecr[.-]/.test(repository.host)) return true
  return await hasReferrersApi(repository, subject, operation)
}

/** The digest that a tag or digest stands for now; undefined if there is none. Costs HEAD, and GET only where HEAD does not say. */
export async function resolveDigest(
  repository: Repository,
  name: string,
  operation?: OperationOptions,
): Promise<Digest | undefined> {
  if (repository.lore.head) {
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
    const said = response.headers.get('docker-content-digest')
    if (isSuccess(response) && isDigest(said) && (!isDigest(name) || said === name)) return said
    // Some registries answer HEAD with "missing" for what GET finds; that is asked for by those who set `head: false`.
    if (isMissing(response)) return undefined
    if (!isSuccess(response) && !isHeadRefused(response)) throw await repository.failure(response, request)
  }
  return (await findManifest(repository, name, operation))?.digest
}

/** Whether the name stands for exactly this document. */
export async function namesManifest(
  repository: Repository,
  { name, digest }: { readonly name: string; readonly digest: Digest },
  operation?: OperationOptions,
): Promise<boolean> {
  const found = await resolveDigest(repository, name, operation)
  if (found === undefined || found === digest) return found === digest
  if (digestAlgorithm(found) === digestAlgorithm(digest)) return false
  // The registry counts in another algorithm: only the bytes tell.
  const manifest = await findManifest(repository, name, operation)
  return manifest !== undefined && digestOf(manifest.bytes, digestAlgorithm(digest)) === digest
}

