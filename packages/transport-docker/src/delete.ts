import { type Digest, ImageError, type OperationOptions, report } from '@crossdock/core'
import { resolveDigest } from './client/resolve-digest.ts'
import type { Repository, RepositoryRequest } from './client/repository.ts'
import { isHeadRefused, isSuccess, readRefusal, type Refusal, refusalError } from './errors.ts'
import { listTags } from './tags.ts'
import type { DockerImageReference } from './transport.ts'

/** How many other tags are looked at to find out whether they name the same image. */
const MAX_COMPARED_TAGS = 500
const SHOWN_TAGS = 5

/**
 * Deletes what the reference names: a digest, and with it every tag of that image; or a tag alone (distribution-spec, "Deleting
 * tags"). A registry that deletes by digest only is asked to do so if no other tag names the image, and otherwise nothing is
 * deleted and `UNSUPPORTED` says which tags would have gone. With an image go its signatures in the storage, not those beside it.
 */
export async function deleteImage(
  reference: DockerImageReference,
  repository: Repository,
  operation?: OperationOptions,
): Promise<void> {
  const { tag, digest } = reference.dockerReference
  if (digest !== undefined) return await deleteDigest(repository, digest, operation)
  if (tag === undefined) return await deleteName(repository, 'latest', operation)
  const refusal = await tryDelete(repository, tag, operation)
  if (refusal === undefined) return
  if (!isHeadRefused(refusal) || refusal.status === 403) throw deleteError(repository, tag, { refusal, operation })
  const found = await resolveDigest(repository, tag, operation)
  if (found === undefined) throw deleteError(repository, tag, { refusal: { ...refusal, status: 404 }, operation })
  await refuseSharedDigest(repository, { tag, digest: found }, operation)
  await deleteDigest(repository, found, operation)
}

/** The image goes, and with it its signatures in the storage. */
async function deleteDigest(repository: Repository, digest: Digest, operation?: OperationOptions): Promise<void> {
  await deleteName(repository, digest, operation)
  try {
    await repository.session.options.signatureStorage?.delete?.(repository.reference, digest, operation)
  } catch (error) {
    operation?.signal?.throwIfAborted()
    if (!(error instanceof ImageError)) throw error
    const message = `the image is deleted, but its signatures are not: ${error.message}`
    report(operation, { type: 'note', level: 'warning', message })
  }
}

async function deleteName(repository: Repository, name: string, operation?: OperationOptions): Promise<void> {
  const refusal = await tryDelete(repository, name, operation)
  if (refusal !== undefined) throw deleteError(repository, name, { refusal, operation })
}

function deleteRequest(name: string, operation: OperationOptions | undefined): RepositoryRequest {
  return {
    method: 'DELETE',
    path: `manifests/${name}`,
    access: 'delete',
    subject: 'manifest',
    what: `manifest ${name}`,
    operation,
  }
}

async function tryDelete(
  repository: Repository,
  name: string,
  operation: OperationOptions | undefined,
): Promise<Refusal | undefined> {
  const response = await repository.send(deleteRequest(name, operation))
  if (!isSuccess(response)) return await readRefusal(response, operation?.signal)
  await response.discard()
  return undefined
}

interface Refused {
  readonly refusal: Refusal
  readonly operation: OperationOptions | undefined
}

function deleteError(repository: Repository, name: string, { refusal, operation }: Refused): ImageError {
  const context = repository.context(deleteRequest(name, operation))
  if (refusal.status !== 405 && !refusal.codes.includes('UNSUPPORTED')) return refusalError(refusal, context)
  const { what, side, image } = context
  return new ImageError(
    'UNSUPPORTED',
    `${what}: the registry does not delete, ${refusal.text}; deletion may have to be switched on there, or be done in its own interface`,
    { side, image },
  )
}

interface Tagged {
  readonly tag: string
  readonly digest: Digest
}

async function refuseSharedDigest(
  repository: Repository,
  { tag, digest }: Tagged,
  operation: OperationOptions | undefined,
): Promise<void> {
  const others: string[] = []
  let compared = 0
  for await (const other of listTags(repository, operation)) {
    if (other === tag) continue
    compared += 1
    if (compared > MAX_COMPARED_TAGS)
      throw onlyByDigest(repository, { tag, digest }, `any of more than ${MAX_COMPARED_TAGS} other tags`)
    if ((await resolveDigest(repository, other, operation)) === digest) others.push(other)
    if (others.length === SHOWN_TAGS) break
  }
  if (others.length > 0) throw onlyByDigest(repository, { tag, digest }, others.join(', '))
}

function onlyByDigest({ host, name, side }: Repository, { tag, digest }: Tagged, others: string): ImageError {
  return new ImageError(
    'UNSUPPORTED',
    `the registry deletes by digest only, and with ${tag} would go ${others}, if they name the same image; to delete it under ` +
      `all its tags, name docker://${host}/${name}@${digest}`,
    { side },
  )
}
