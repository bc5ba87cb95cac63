import { type BlobBody, type BlobReader, type Descriptor, ImageError, shortDigest } from '@crossdock/core'
import { createThrottle, firstBytes, skipBytes } from '@crossdock/streams'
import type { LearningBody } from './diff-id-body.ts'
import type { CountedEnds } from './ends.ts'
import { type Operation, sided } from './operation.ts'

const PROGRESS_INTERVAL_MS = 100

export interface Moving extends CountedEnds {
  /** Undefined for what has one beginning: a stream that is unpacked on its way, or a source that is read in one go. */
  readonly lease: BlobBody['lease']
}

export interface CountedBody extends BlobBody {
  /** Bytes that came from the source so far, over every opening. */
  moved(): number
}

/** The blob at the source as a body: failures name the source, and its bytes are counted and reported as they pass. */
export function createBody(blob: Descriptor, { source, operation, lease }: Moving): CountedBody {
  let moved = 0
  let position: number | undefined
  const throttle = createThrottle(PROGRESS_INTERVAL_MS)
  async function* open(offset = 0, end?: number): AsyncGenerator<Uint8Array, void, undefined> {
    if (position === undefined) operation.onProgress({ type: 'blob:start', blob, offset })
    position ??= offset
    try {
      for await (const chunk of await readFrom(source, blob, { offset, end, operation })) {
        moved += chunk.byteLength
        position += chunk.byteLength
        if (throttle()) operation.onProgress({ type: 'blob:bytes', digest: blob.digest, position, size: blob.size })
        yield chunk
      }
    } catch (error) {
      throw sided(error, 'source', source.reference, operation.signal)
    }
  }
  return { size: blob.size, open, ...(lease !== undefined && { lease }), moved: () => moved }
}

async function readFrom(
  source: CountedEnds['source'],
  blob: Descriptor,
  {
    offset,
    end,
    operation,
  }: { readonly offset: number; readonly end: number | undefined; readonly operation: Operation },
): Promise<BlobReader | AsyncIterable<Uint8Array>> {
  if (source.traits.rangeReads === true || (offset === 0 && end === undefined)) {
    return source.getBlob(blob, { ...operation, offset, end })
  }
  const rest = skipBytes(await source.getBlob(blob, operation), offset)
  return end === undefined ? rest : firstBytes(rest, end - offset)
}

/** What a layer turns out to be when it is unpacked on its way is the source's doing; the failure says which layer it was. */
export function ofSource(body: LearningBody, layer: Descriptor, { source, operation }: CountedEnds): LearningBody {
  async function* open(offset?: number, end?: number): AsyncGenerator<Uint8Array> {
    try {
      yield* body.open(offset, end)
    } catch (error) {
      throw sided(namingLayer(error, layer), 'source', source.reference, operation.signal)
    }
  }
  return { ...body, open }
}

function namingLayer(error: unknown, { digest }: Descriptor): unknown {
  if (!(error instanceof ImageError) || error.side !== undefined || error.code === 'DIGEST_MISMATCH') return error
  const { code, message, retryable } = error
  return new ImageError(code, `the layer ${shortDigest(digest)} cannot be unpacked: ${message}`, {
    retryable,
    cause: error,
  })
}
