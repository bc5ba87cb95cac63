import { type Digest, ImageError, type OperationOptions, shortDigest } from '@crossdock/core'
import type { HttpResponse } from '@crossdock/http'
import { isSuccess } from '../errors.ts'
import type { Repository, RepositoryRequest } from './repository.ts'

/**
 * How large the registry says that a blob is. Costs HEAD; where that does not say, as with storage services whose URLs are signed for
 * GET, a GET that is left after its headers. Throws `NOT_FOUND`, and `UNSUPPORTED` if the registry does not say it at all.
 */
export async function blobSize(repository: Repository, digest: Digest, operation?: OperationOptions): Promise<number> {
  const get: RepositoryRequest = {
    method: 'GET',
    path: `blobs/${digest}`,
    access: 'pull',
    subject: 'blob',
    what: `blob ${shortDigest(digest)}`,
    operation,
  }
  if (repository.lore.head) {
    const answer = await repository.send({ ...get, method: 'HEAD' })
    await answer.discard()
    const size = isSuccess(answer) ? contentLength(answer) : undefined
    if (size !== undefined) return size
  }
  const answer = await repository.send(get)
  if (!isSuccess(answer)) throw await repository.failure(answer, get)
  await answer.discard()
  const size = contentLength(answer)
  if (size !== undefined) return size
  const { what, side, image } = repository.context(get)
  throw new ImageError('UNSUPPORTED', `${what}: the registry does not say how large it is`, { side, image })
}

function contentLength({ headers }: HttpResponse): number | undefined {
  const text = headers.get('content-length') ?? ''
  const size = Number(text)
  return /^[0-9]+$/.test(text) && Number.isSafeInteger(size) ? size : undefined
}
