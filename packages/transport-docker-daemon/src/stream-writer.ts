import {
  type ArchivedBlob,
  type MemberWriter,
  readAccess,
  receive,
  type ResolvedReadOptions,
  sameBlob,
  spool,
} from '@crossdock/archive'
import { type BlobBody, type BlobHint, type Digest, ImageError } from '@crossdock/core'
import { createLimiter } from '@crossdock/streams'
import type { MemberStream } from './client/member-stream.ts'

export interface StreamWriterOptions extends ResolvedReadOptions {
  /** Begins the request whose body the archive is. */
  readonly open: (signal?: AbortSignal) => Promise<MemberStream>
}

/**
 * An archive that goes into a request as it is written, from the first blob on. A blob of known size is passed through; another one is put into a
 * file without a name before, as a tar says sizes first. Nothing names the member of a blob that failed.
 */
export function createStreamWriter({ open, tmpDir, maxUnpackedBytes }: StreamWriterOptions): MemberWriter {
  const stored = new Map<Digest, ArchivedBlob>()
  const turns = createLimiter(1)
  let opening: Promise<MemberStream> | undefined
  let isClosed = false
  let members = 0

  async function begin(signal: AbortSignal | undefined): Promise<MemberStream> {
    if (isClosed)
      throw new ImageError('CONFLICT', 'the image was sent to the engine already; open it anew to write again')
    opening ??= open(signal).catch((reason: unknown) => {
      opening = undefined // what failed may succeed when it is tried again
      throw reason
    })
    return await opening
  }

  async function put(body: BlobBody, blob: BlobHint, signal: AbortSignal | undefined): Promise<ArchivedBlob> {
    const known = blob.digest === undefined ? undefined : stored.get(blob.digest)
    if (known !== undefined) return sameBlob(known, blob.size)
    const stream = await begin(signal)
    const arrival = receive(body, blob, signal)
    const path = `layer-${members++}.tar`
    const size = blob.size ?? body.size
    if (size !== undefined) await stream.append({ path, size }, arrival.chunks, signal)
    else {
      const what = 'a blob of unknown size'
      await using file = await spool(arrival.chunks, { folder: tmpDir, limitBytes: maxUnpackedBytes, what, signal })
      await stream.append({ path, size: file.size }, readAccess(file, { signal }), signal)
    }
    const result = { ...arrival.settled(), path }
    stored.set(result.digest, result)
    return result
  }

  return {
    stored,
    putBlob: (body, blob, signal) => turns.run(() => put(body, blob, signal), { signal }),
    read: async () => undefined,
    commit: (last, signal) =>
      turns.run(
        async () => {
          const stream = await begin(signal)
          isClosed = true
          await stream.finish(last, signal)
        },
        { signal },
      ),
    async [Symbol.asyncDispose]() {
      isClosed = true
      const stream = await opening?.catch(() => undefined)
      await stream?.[Symbol.asyncDispose]()
    },
  }
}
