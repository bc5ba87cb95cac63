import type { Digest, ManifestBytes, OperationOptions } from '@crossdock/core'
import type { HttpResponse } from '@crossdock/http'
import { addReferrer } from './add-referrer.ts'
import { putManifest, type WriteOptions } from './manifest-put.ts'
import { hasReferrersApi, subjectOf } from './referrers.ts'
import type { Repository } from './repository.ts'

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

interface About {
  readonly subject: Digest
  readonly operation: OperationOptions | undefined
}

/** `OCI-Subject` says that the registry keeps the list; one is known to say so where it does not. */
async function keepsList(
  repository: Repository,
  response: HttpResponse,
  { subject, operation }: About,
): Promise<boolean> {
  if (response.headers.get('oci-subject') === undefined) return false
  if (!/\.dkr\.ecr[.-]/.test(repository.host)) return true
  return await hasReferrersApi(repository, subject, operation)
}
