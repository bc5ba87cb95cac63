import {
  type BlobBody,
  type BlobHint,
  bytesBody,
  createHasher,
  digestAlgorithm,
  type Hasher,
  ImageError,
  type OperationOptions,
} from '@crossdock/core'
import { isTooLarge } from '../../errors.ts'
import type { Repository } from '../repository.ts'
import { createChunkSizer } from './chunk-sizer.ts'
import { putKnownBlob } from './put-known-blob.ts'
import type { KnownBlob } from './put-outcome.ts'
import {
  cancelUpload,
  finishUpload,
  freshUpload,
  sendChunk,
  uploadError,
  type UploadSession,
  type UploadWire,
  uploadWire,
} from './upload-session.ts'

export interface PutStreamOptions {
  readonly repository: Repository
  readonly operation?: OperationOptions | undefined
}

/**
 * Uploads a blob of which digest or size show only at its end: in chunks, one at a time in memory, the digest last. Where chunks are
 * refused the body is read twice. An interrupted one begins anew.
 */
export async function putStream(body: BlobBody, hint: BlobHint, options: PutStreamOptions): Promise<KnownBlob> {
  const { repository, operation } = options
  const wire = uploadWire(repository, hint.digest, operation)
  const hasher = createHasher(hint.digest === undefined ? 'sha256' : digestAlgorithm(hint.digest))
  const sizer = createChunkSizer({ chunkBytes: repository.lore.chunkBytes, minChunkBytes: 0 })
  const blocks = hashed(blocksOf(body.open(), sizer.next()), hasher)[Symbol.asyncIterator]()
  let session: UploadSession | undefined
  try {
    const first = (await blocks.next()).value ?? new Uint8Array()
    const second = await blocks.next()
    if (second.done === true) {
      const blob = settle(hint, { digest: hasher.digest(), size: first.byteLength })
      await putKnownBlob(bytesBody(first), blob, options)
      return blob
    }
    if (repository.lore.monolithicOnly) return await putTwice(body, hint, options)
    session = await freshUpload(wire, hint.digest)
    for (let block: Uint8Array | undefined = first; block !== undefined;) {
      const sent = await sendBlock(wire, session, block)
      if (sent === undefined) {
        await cancelUpload(wire, session)
        repository.lore.monolithicOnly = true
        return await putTwice(body, hint, options)
      }
      session = sent
      block = block === first ? second.value : (await blocks.next()).value
    }
    const blob = settle(hint, { digest: hasher.digest(), size: session.offset })
    const refusal = await finishUpload(wire, session, { digest: blob.digest })
    if (refusal !== undefined) throw uploadError(wire, refusal)
    return blob
  } catch (error) {
    if (session !== undefined) await cancelUpload(wire, session)
    throw error
  } finally {
    await blocks.return?.(undefined)
  }
}

/** In smaller pieces if the registry finds it too large. Undefined if it takes no chunks at all. */
async function sendBlock(
  wire: UploadWire,
  start: UploadSession,
  block: Uint8Array,
): Promise<UploadSession | undefined> {
  const { lore } = wire.repository
  const sizer = createChunkSizer({
    chunkBytes: lore.chunkBytes ?? block.byteLength,
    minChunkBytes: start.minChunkBytes,
  })
  let session = start
  while (session.offset - start.offset < block.byteLength) {
    const from = session.offset - start.offset
    const piece = block.subarray(from, from + sizer.next())
    const outcome = await sendChunk(wire, session, { size: piece.byteLength, body: piece })
    if (outcome.kind === 'accepted') ({ session } = outcome)
    else if (isTooLarge(outcome.refusal) && sizer.shrink()) lore.chunkBytes = sizer.next()
    else if (session.offset === 0) return undefined
    else throw uploadError(wire, outcome.refusal)
  }
  return session
}

async function putTwice(body: BlobBody, hint: BlobHint, options: PutStreamOptions): Promise<KnownBlob> {
  const hasher = createHasher(hint.digest === undefined ? 'sha256' : digestAlgorithm(hint.digest))
  let size = 0
  for await (const chunk of body.open()) {
    options.operation?.signal?.throwIfAborted()
    hasher.update(chunk)
    size += chunk.byteLength
  }
  const blob = settle(hint, { digest: hasher.digest(), size })
  await putKnownBlob(body, blob, options)
  return blob
}

function settle(hint: BlobHint, actual: KnownBlob): KnownBlob {
  if ((hint.digest ?? actual.digest) !== actual.digest || (hint.size ?? actual.size) !== actual.size) {
    const wanted = hint.digest ?? `${hint.size} bytes`
    throw new ImageError(
      'DIGEST_MISMATCH',
      `the content should be ${wanted} but its ${actual.size} bytes are ${actual.digest}: it was damaged or replaced`,
    )
  }
  return actual
}

async function* hashed(body: AsyncIterable<Uint8Array>, hasher: Hasher): AsyncGenerator<Uint8Array, undefined> {
  for await (const chunk of body) {
    hasher.update(chunk)
    yield chunk
  }
  return undefined
}

/** Blocks of exactly `size` bytes, the last one excepted. */
async function* blocksOf(body: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  let chunks: Uint8Array[] = []
  let filled = 0
  for await (const chunk of body) {
    let rest = chunk
    while (filled + rest.byteLength >= size) {
      chunks.push(rest.subarray(0, size - filled))
      rest = rest.subarray(size - filled)
      yield Buffer.concat(chunks)
      chunks = []
      filled = 0
    }
    if (rest.byteLength > 0) chunks.push(rest)
    filled += rest.byteLength
  }
  if (filled > 0) yield Buffer.concat(chunks)
}
