import { type Digest, digestAlgorithm, manifestDigest, type OperationOptions } from '@crossdock/core'
import { headManifest } from './manifest-head.ts'
import { findManifest } from './manifest-read.ts'
import type { Repository } from './repository.ts'

/** The digest that a tag or digest stands for now; undefined if there is none. Costs HEAD, and GET only where HEAD does not say. */
export async function resolveDigest(
  repository: Repository,
  name: string,
  operation?: OperationOptions,
): Promise<Digest | undefined> {
  const head = await headManifest(repository, name, operation)
  if (head === 'missing') return undefined
  if (head !== 'unclear') return head.digest
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
  return manifest !== undefined && manifestDigest(manifest.bytes, digestAlgorithm(digest)) === digest
}
