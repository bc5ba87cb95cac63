import {
  createHasher,
  digestAlgorithm,
  ImageError,
  type BlobBody,
  type BlobHint,
  type Descriptor,
  type OperationOptions,
} from '@crossdock/core'
import { concatBytes } from '../images/tar.ts'
import { isIntact, type MemoryRepository } from './store.ts'
import { untilAborted } from './until-aborted.ts'

/**
 * Reads the body from where an interrupted put stopped, verifies all of it and only then keeps it as a blob. What comes
 * before an interruption stays as a partial blob; what fails verification goes.
 */
export async function putBlob(
  repository: MemoryRepository,
  body: BlobBody,
  { hint, operation }: { readonly hint: BlobHint; readonly operation: OperationOptions | undefined },
): Promise<Descriptor> {
  const { digest } = hint
  operation?.signal?.throwIfAborted()
  const present = digest === undefined ? undefined : repository.blobs.get(digest)
  if (digest !== undefined && present !== undefined && isIntact(digest, present))
    return descriptorOf(hint, digest, present)
  const bytes = await receive(repository, body, { hint, operation })
  const actual = hashOf(bytes, hint)
  if (digest !== undefined && actual !== digest) {
    throw new ImageError(
      'DIGEST_MISMATCH',
      `the content should be ${digest} but its ${bytes.byteLength} bytes are ${actual}`,
    )
  }
  repository.blobs.set(actual, bytes)
  return descriptorOf(hint, actual, bytes)
}

async function receive(
  repository: MemoryRepository,
  body: BlobBody,
  { hint, operation }: { readonly hint: BlobHint; readonly operation: OperationOptions | undefined },
): Promise<Uint8Array> {
  const { digest, size = body.size } = hint
  const kept = digest === undefined ? undefined : repository.partials.get(digest)
  if (digest !== undefined) repository.partials.delete(digest)
  const parts: Uint8Array[] = kept === undefined ? [] : [kept]
  let received = kept?.byteLength ?? 0
  try {
    for await (const chunk of untilAborted(body.open(received), operation?.signal)) {
      received += chunk.byteLength
      if (size !== undefined && received > size) throw wrongSize(hint, size, received)
      parts.push(chunk.slice())
    }
  } catch (error) {
    const verdict = error instanceof ImageError && error.code === 'DIGEST_MISMATCH'
    if (digest !== undefined && received > 0 && !verdict) repository.partials.set(digest, concatBytes(parts))
    throw error
  }
  if (size !== undefined && received < size) throw wrongSize(hint, size, received)
  return concatBytes(parts)
}

function hashOf(bytes: Uint8Array, { digest }: BlobHint): Descriptor['digest'] {
  const hasher = createHasher(digest === undefined ? 'sha256' : digestAlgorithm(digest))
  hasher.update(bytes)
  return hasher.digest()
}

function wrongSize({ digest }: BlobHint, size: number, received: number): ImageError {
  const what = digest === undefined ? 'the content' : `the content of ${digest}`
  return new ImageError('DIGEST_MISMATCH', `${what} should have ${size} bytes, but ${received} came`)
}

function descriptorOf(hint: BlobHint, digest: Descriptor['digest'], { byteLength }: Uint8Array): Descriptor {
  const { mediaType = 'application/octet-stream', annotations } = hint
  return { mediaType, digest, size: byteLength, ...(annotations !== undefined && { annotations }) }
}
