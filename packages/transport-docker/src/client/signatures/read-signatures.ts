import {
  type Digest,
  type DockerReference,
  type OperationOptions,
  repositoryName,
  shortDigest,
  type Signature,
} from '@crossdock/core'
import { distinctSignatures } from '@crossdock/formats'
import type { Endpoints } from '../endpoints.ts'
import type { Repository } from '../repository.ts'
import { readArtifacts } from './artifacts.ts'
import { readTagged } from './attachments.ts'
import { readExtension } from './extension.ts'

/** The signatures of a manifest, whose image the user called `image`. Nothing is asked for where nothing is configured or announced. */
export async function readSignatures(
  endpoints: Endpoints,
  { image, digest }: { readonly image: DockerReference; readonly digest: Digest },
  operation: OperationOptions,
): Promise<readonly Signature[]> {
  const { options } = endpoints.preferred.session
  const beside = (run: (repository: Repository) => Promise<readonly Signature[]>): Promise<readonly Signature[]> =>
    endpoints.ask(run, {
      what: `signatures of ${shortDigest(digest)}`,
      operation,
      isEnough: (signatures) => signatures.length > 0,
    })
  const simple = hasExtension(endpoints)
    ? await beside((repository) => fromExtension(repository, digest, operation))
    : await fromStorage(endpoints, { image, digest }, operation)
  if (!(await options.sigstoreAttachments(image))) return simple
  const attached = await beside((repository) => readAttached(repository, digest, operation))
  return distinctSignatures([...simple, ...attached])
}

function hasExtension({ all, preferred }: Endpoints): boolean {
  return preferred.lore.signatureExtension || all.some(({ patient }) => patient.lore.signatureExtension)
}

async function fromExtension(
  repository: Repository,
  digest: Digest,
  operation: OperationOptions,
): Promise<readonly Signature[]> {
  return repository.lore.signatureExtension ? await readExtension(repository, digest, operation) : []
}

/** Those of the image as the user named it; if there are none, those of the image as its mirror names it. */
async function fromStorage(
  { preferred }: Endpoints,
  { image, digest }: { readonly image: DockerReference; readonly digest: Digest },
  operation: OperationOptions,
): Promise<readonly Signature[]> {
  const { signatureStorage } = preferred.session.options
  if (signatureStorage === undefined) return []
  const found = await signatureStorage.read(image, digest, operation)
  const isElsewhere = repositoryName(preferred.reference) !== repositoryName(image)
  return found.length === 0 && isElsewhere ? await signatureStorage.read(preferred.reference, digest, operation) : found
}

async function readAttached(
  repository: Repository,
  digest: Digest,
  operation: OperationOptions,
): Promise<readonly Signature[]> {
  const found = await Promise.all([
    readTagged(repository, digest, operation),
    readArtifacts(repository, digest, operation),
  ])
  return found.flat()
}
