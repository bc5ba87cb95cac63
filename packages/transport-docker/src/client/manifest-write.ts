import { type Digest, digestAlgorithm, type ManifestBytes, type OperationOptions } from '@crossdock/core'
import type { HttpResponse } from '@crossdock/http'
import { addReferrer } from './add-referrer.ts'
import type { BlobWriter } from './blob-writer.ts'
import { putManifest, type WriteOptions } from './manifest-put.ts'
import { hasReferrersApi, subjectOf } from './referrers.ts'
import type { Repository } from './repository.ts'
import { addToAttached } from './signatures/attached-tag.ts'

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

export interface WriteInstanceOptions extends WriteOptions {
  /** The manifest's digest. */
  readonly name: Digest
  /** A tag by which it is found as well. */
  readonly tag?: string | undefined
  readonly blobs: BlobWriter
}

/**
 * Writes a manifest that the image's own name does not stand for. What is pushed under a tag is there by its sha256 digest, too. Signatures
 * and attestations that are under the tag already stay, in one document with those that come.
 */
export async function writeInstance(
  repository: Repository,
  manifest: ManifestBytes,
  { name, tag, blobs, operation }: WriteInstanceOptions,
): Promise<void> {
  const isAdded = tag !== undefined && (await addToAttached(repository, manifest, { tag, blobs, operation }))
  const isNamed = tag !== undefined && !isAdded
  if (!isNamed || digestAlgorithm(name) !== 'sha256') await writeManifest(repository, manifest, { name, operation })
  if (isNamed) await writeManifest(repository, manifest, { name: tag, operation })
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
