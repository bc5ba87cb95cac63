import { type Digest, digestAlgorithm, isDigest, manifestDigest, type OperationOptions } from '@crossdock/core'
import { isHeadRefused, isMissing, isSuccess } from '../errors.ts'
import { ACCEPT, findManifest } from './manifest-read.ts'
import type { Repository, RepositoryRequest } from './repository.ts'

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
  return manifest !== undefined && manifestDigest(manifest.bytes, digestAlgorithm(digest)) === digest
}
