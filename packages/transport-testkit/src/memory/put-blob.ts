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

interface Put {
  readonly hint: BlobHint
  readonly operation: OperationOptions | undefined
}

/**
 * Reads the body from where an interrupted put stopped, verifies all of it and only then keeps it as a blob. What comes
 * before an interruption stays as a partial blob; what fails verification goes.
 */
export async function putBlob(
  repository: MemoryRepository,
  body: BlobBody,
  { hint, operation }: Put,
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

async function receive(repository: MemoryRepository, body: BlobBody, { hint, operation }: Put): Promise<Uint8Array> {
  const { size = body.size } = hint
  const parts = takePartial(repository, hint)
  let received = lengthOf(parts)
  try {
    for await (const chunk of untilAborted(body.open(received), operation?.signal)) {
      received += chunk.byteLength
      if (size !== undefined && received > size) throw wrongSize(hint, size, received)
      parts.push(chunk.slice())
    }
  } catch (error) {
    if (!isVerdict(error)) keepPartial(repository, hint, parts)
    throw error
  }
  if (size !== undefined && received < size) throw wrongSize(hint, size, received)
  return concatBytes(parts)
}

/** What an interrupted put left. It is this put's now: another one of the same blob begins at 0. */
function takePartial(repository: MemoryRepository, { digest }: BlobHint): Uint8Array[] {
  const kept = digest === undefined ? undefined : repository.partials.get(digest)
  if (digest === undefined || kept === undefined) return []
  repository.partials.delete(digest)
  return [kept]
}

function keepPartial(repository: MemoryRepository, { digest }: BlobHint, parts: readonly Uint8Array[]): void {
  if (digest !== undefined && lengthOf(parts) > 0) repository.partials.set(digest, concatBytes(parts))
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((total, { byteLength }) => total + byteLength, 0)
}

/** Bytes that are known to be wrong are of no use to a later put. */
function isVerdict(error: unknown): boolean {
  return error instanceof ImageError && error.code === 'DIGEST_MISMATCH'
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
