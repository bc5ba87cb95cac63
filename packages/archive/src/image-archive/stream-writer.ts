import { type BlobBody, type BlobHint, type Digest, ImageError } from '@crossdock/core'
import { createLimiter } from '@crossdock/streams'
import { readAccess } from '../access/read-access.ts'
import { spool } from '../files/spool.ts'
import type { TarHeaderInput } from '../write/tar-input.ts'
import { type Arrived, receive } from './arrival.ts'
import type { ByteSink } from './byte-sink.ts'
import { createMemberStream, type MemberStream } from './member-stream.ts'
import { type ArchivedBlob, type MemberWriter, sameBlob } from './member-writer.ts'
import type { ResolvedReadOptions } from './read-options.ts'

export interface StreamWriterOptions extends ResolvedReadOptions {
  /** Begins what the archive goes into. */
  readonly open: (signal?: AbortSignal) => Promise<ByteSink>
  /** The member that a blob becomes, without its size; undefined if its digest has to be known for that. */
  readonly memberOf: (digest: Digest | undefined, mediaType: string | undefined) => TarHeaderInput | undefined
}

/**
 * An archive that goes away as it is written, from the first blob on. A blob of which is known what a tar says first, its size and its name, is
 * passed through; another one is put into a file without a name before. Of a blob that failed a member remains that ends in zeros; it can be
 * put again where its member has another name then.
 */
export function createStreamWriter(options: StreamWriterOptions): MemberWriter {
  const { memberOf, tmpDir, maxUnpackedBytes } = options
  const stored = new Map<Digest, ArchivedBlob>()
  const turns = createLimiter(1)
  const opened = createOpening(options)

  async function put(body: BlobBody, blob: BlobHint, signal: AbortSignal | undefined): Promise<ArchivedBlob> {
    const known = blob.digest === undefined ? undefined : stored.get(blob.digest)
    if (known !== undefined) return sameBlob(known, blob.size)
    await opened.stream(signal)
    const arrival = receive(body, blob, signal)
    const size = blob.size ?? body.size
    const member = memberOf(blob.digest, blob.mediaType)
    if (size !== undefined && member !== undefined) {
      await opened.append({ ...member, size }, arrival.chunks, signal)
      return keep(arrival.settled(), member.path)
    }
    const what = 'a blob of unknown size'
    await using file = await spool(arrival.chunks, { folder: tmpDir, limitBytes: maxUnpackedBytes, what, signal })
    const arrived = arrival.settled()
    const twin = stored.get(arrived.digest)
    if (twin !== undefined) return twin
    const named = member ?? memberOf(arrived.digest, blob.mediaType) ?? { path: arrived.digest }
    await opened.append({ ...named, size: file.size }, readAccess(file, { signal }), signal)
    return keep(arrived, named.path)
  }

  function keep(arrived: Arrived, path: string): ArchivedBlob {
    const result = { ...arrived, path }
    stored.set(result.digest, result)
    return result
  }

  return {
    stored,
    parallelBlobs: 1,
    putBlob: (body, blob, signal) => turns.run(() => put(body, blob, signal), { signal }),
    read: async () => undefined,
    commit: (last, signal) =>
      turns.run(async () => await (await opened.close(signal)).finish(last, signal), { signal }),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  }
}

/** The archive on its way, begun when there is something to write. */
interface Opening extends AsyncDisposable {
  /** Throws `CONFLICT` once it was closed. */
  stream(signal: AbortSignal | undefined): Promise<MemberStream>
  /** Sends a member. Throws `CONFLICT` if a part of one with this name was sent before. */
  append(header: TarHeaderInput, content: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): Promise<void>
  /** For the last members: nothing is appended any more. */
  close(signal: AbortSignal | undefined): Promise<MemberStream>
}

function createOpening({ open }: Pick<StreamWriterOptions, 'open'>): Opening {
  const begun = new Set<string>()
  let opening: Promise<MemberStream> | undefined
  let isClosed = false

  async function stream(signal: AbortSignal | undefined): Promise<MemberStream> {
    if (isClosed) throw new ImageError('CONFLICT', 'the archive was written already; open it anew to write again')
    opening ??= begin(signal)
    return await opening
  }

  async function begin(signal: AbortSignal | undefined): Promise<MemberStream> {
    try {
      return createMemberStream(await open(signal))
    } catch (reason) {
      opening = undefined // what failed may succeed when it is tried again
      throw reason
    }
  }

  return {
    stream,
    async append(header, content, signal) {
      const members = await stream(signal)
      if (begun.has(header.path)) {
        throw new ImageError('CONFLICT', `a part of "${header.path}" went into the archive already; begin anew`)
      }
      begun.add(header.path)
      await members.append(header, content, signal)
    },
    async close(signal) {
      const members = await stream(signal)
      isClosed = true
      return members
    },
    async [Symbol.asyncDispose]() {
      isClosed = true
      const members = await opening?.catch(() => undefined)
      await members?.[Symbol.asyncDispose]()
    },
  }
}
